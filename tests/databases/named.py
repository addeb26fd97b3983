"""Servers named in a section of setup.cfg: which there are, what is missing, how they end."""

from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Generic, Protocol, TypeVar

ALL = "all"


class NotConfigured(Exception):
    """What was asked for and the sections of setup.cfg do not fit together."""


class Startable(Protocol):
    """A server that may be missing."""

    def missing(self) -> str | None:
        """Say why it cannot be used here and what installs it; None if it can."""

    def remove(self) -> None:
        """End it and delete what it stored."""


S = TypeVar("S", bound=Startable)


class Named(Generic[S]):
    """All servers of one section; each is started at the first use and removed with `remove`."""

    def __init__(self, section: str, servers: Mapping[str, S]) -> None:
        self.section = section
        self._servers = servers
        self._missing: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> S:
        return self._servers[name]

    def __contains__(self, name: str) -> bool:
        return name in self._servers

    def select(self, names: Iterable[str]) -> list[str]:
        """Give the names, in the section's order; `all` stands for every one."""
        wanted = {name.strip() for name in names} - {""}
        if unknown := sorted(wanted - self._servers.keys() - {ALL}):
            known = ", ".join([*self._servers, ALL])
            asked = ", ".join(unknown)
            raise NotConfigured(f"no database {asked} in setup.cfg [{self.section}]: {known}")
        return [name for name in self._servers if ALL in wanted or name in wanted]

    def missing(self, name: str) -> str | None:
        """Say why one cannot be used and what installs it; None if it can be."""
        if name not in self._missing:
            self._missing[name] = self[name].missing()
        return self._missing[name]

    def require(self, names: Iterable[str]) -> None:
        """Raise `NotConfigured` unless all these can be used."""
        reasons = [reason for name in self.select(names) if (reason := self.missing(name))]
        if reasons:
            raise NotConfigured("required servers are missing:\n" + "\n".join(reasons))

    def remove(self) -> None:
        """End them all, also when one of them cannot be ended."""
        errors: list[Exception] = []
        for server in self._servers.values():
            try:
                server.remove()
            except Exception as error:  # noqa: BLE001 - the others must end too
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"some servers of [{self.section}] could not be removed", errors)


def read_section(setup: Path, section: str) -> dict[str, str]:
    """Read the names and values of a section; none when it is not there."""
    parser = ConfigParser(interpolation=None)
    parser.read(setup)
    return dict(parser.items(section)) if parser.has_section(section) else {}
