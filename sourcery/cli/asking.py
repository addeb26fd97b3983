"""Asking before something that cannot be taken back."""

from __future__ import annotations

import click

from sourcery.cli.escaping import visible


class NotDone(click.ClickException):
    """Somebody said no, or nobody was there to say yes. Nothing was changed."""


def confirmed(what: str, *, yes: bool) -> None:
    """Return when it shall be done; `NotDone`, exit status 1, when not.

    Without a terminal, and without `--yes`, there is nobody to ask.
    """
    click.echo(visible(what), err=True)
    if yes:
        return
    try:
        agreed = click.confirm("Do it?", default=False, err=True)
    except click.Abort:
        raise NotDone("nobody said yes, nothing was done; scripts say --yes") from None
    if not agreed:
        raise NotDone("nothing was done")
