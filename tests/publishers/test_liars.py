"""The test of the test: the kit notices what a publisher does wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attrs import evolve

from sourcery.ids import new_id
from sourcery.messages import SENT, Message, Publisher, Result
from sourcery.publishers import FilePublisher
from sourcery.testing.conformance.publishers import Site, arrivals, harm
from tests.publishers.sites.file import FileSite

Batch = Sequence[Message]


def reverses(send: FilePublisher, batch: Batch) -> list[Result]:
    """The last first."""
    return list(send.publish(list(reversed(batch))))


def loses_one(send: FilePublisher, batch: Batch) -> list[Result]:
    """The last one, of which it says that it was sent."""
    send.publish(batch[:-1])
    return [SENT] * len(batch)


def repeats(send: FilePublisher, batch: Batch) -> list[Result]:
    """Everything twice."""
    send.publish(batch)
    return list(send.publish(batch))


def renames(send: FilePublisher, batch: Batch) -> list[Result]:
    """An id of its own for each."""
    return list(send.publish([evolve(each, message_id=new_id()) for each in batch]))


def drops_headers(send: FilePublisher, batch: Batch) -> list[Result]:
    """What it cannot carry it leaves out."""
    return list(send.publish([evolve(each, headers={}) for each in batch]))


WRONG = [
    (reverses, arrivals.test_the_messages_of_a_key_arrive_in_order),
    (loses_one, arrivals.test_a_batch_without_keys_arrives_whole),
    (repeats, arrivals.test_a_batch_without_keys_arrives_whole),
    (renames, arrivals.test_a_batch_without_keys_arrives_whole),
]


class Wrong(FilePublisher):
    """Sends as it should not."""

    how: Callable[[FilePublisher, Batch], list[Result]]

    def publish(self, batch: Batch) -> Sequence[Result]:
        return self.how(FilePublisher(self.path), batch)


def wrong(site: FileSite, how: Callable[[FilePublisher, Batch], list[Result]]) -> Publisher:
    """A publisher to the site that does so."""
    publisher = Wrong(site.folder / "sent")
    publisher.how = how
    return publisher


@pytest.mark.parametrize(("how", "proof"), WRONG)
def test_a_publisher_that_is_wrong_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[FilePublisher, Batch], list[Result]],
    proof: Callable[[Site, Publisher], None],
) -> None:
    """In order, whole, once, under the id it was given."""
    monkeypatch.setattr("sourcery.testing.conformance.publishers.site.DEADLINE", 0.1)
    site = FileSite(tmp_path)
    proof(site, site.publisher())
    with pytest.raises(AssertionError):
        proof(site, wrong(site, how))


def test_headers_that_are_lost_are_noticed(tmp_path: Path) -> None:
    """As every other part of a message."""
    site = FileSite(tmp_path)
    with pytest.raises(AssertionError):
        arrivals.test_a_message_arrives_as_it_is(site, wrong(site, drops_headers), b"")


class Silent(FileSite):
    """A receiver that can be frozen, of which its publisher knows nothing."""

    can_freeze = True

    def freeze(self) -> None:
        """Nothing that it could notice."""

    def thaw(self) -> None:
        """Nothing either."""


def test_a_probe_that_asks_nobody_is_noticed(tmp_path: Path) -> None:
    """It returns, though nobody answers."""
    with pytest.raises(pytest.fail.Exception):
        harm.test_a_receiver_that_hangs_does_not_answer_the_probe(Silent(tmp_path))


def test_a_send_that_waits_for_no_answer_is_noticed(tmp_path: Path) -> None:
    """It says "sent", though nobody answered."""
    with pytest.raises(AssertionError):
        harm.test_a_receiver_that_hangs_costs_no_more_than_the_timeout(Silent(tmp_path))
