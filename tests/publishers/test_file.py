"""Messages as lines of a file: whole, in order, and mended after a crash."""

import json
import resource
import threading
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from sourcery.errors import BrokerUnavailable, PublisherMisconfigured
from sourcery.messages import SENT
from sourcery.publishers import FilePublisher, publisher_for
from sourcery.testing.conformance.publishers.messages import WRITTEN, message, numbered


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the messages go."""
    return tmp_path / "messages.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    """All there are."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_a_message(path: Path) -> None:
    """All its fields are there."""
    sent = message("t", b'{"a":"\xc3\xb6"}', key="k", headers={"x": "Zoë"})
    assert [SENT] == FilePublisher(path).publish([sent])
    expected = {
        "message_id": str(sent.message_id),
        "topic": "t",
        "key": "k",
        "headers": {"x": "Zoë"},
        "content_type": "application/json",
        "position": 0,
        "created_at": WRITTEN.isoformat(),
        "source": sent.source,
        "payload": '{"a":"ö"}',
    }
    assert [expected] == lines(path)


def test_bytes_that_are_no_text_are_base64(path: Path) -> None:
    """Nothing is lost of them; line ends and NULs stay inside their line."""
    payloads = [bytes(range(256)), b"a\nb\0c\r\n", b""]
    FilePublisher(path).publish([message("t", payload) for payload in payloads])
    first, *rest = lines(path)
    assert payloads[0] == b64decode(first["payload_base64"])
    assert payloads[1:] == [line["payload"].encode() for line in rest]


@pytest.mark.parametrize("torn", [b"{", b"x" * 200_000, b'{"message_id": "whole but unfinished"}'])
def test_a_torn_line_is_mended(path: Path, torn: bytes) -> None:
    """What a crash left behind the last whole line goes; the lines before it stay."""
    FilePublisher(path).publish(numbered("t", 2))
    with path.open("ab") as file:
        file.write(torn)
    FilePublisher(path).publish(numbered("t", 1))
    assert ["0", "1", "0"] == [line["payload"] for line in lines(path)]


def test_two_publishers_share_a_file(path: Path) -> None:
    """No line is lost or mixed with another."""
    batches = [[message(f"t{n}", b"x" * 5000)] * 5 for n in range(4)]
    threads = [threading.Thread(target=many, args=(path, batch)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    topics = [line["topic"] for line in lines(path)]
    assert {f"t{n}": 100 for n in range(4)} == {t: topics.count(t) for t in topics}


def many(path: Path, batch: list[Any]) -> None:
    """Publish one batch twenty times."""
    publisher = FilePublisher(path)
    for _ in range(20):
        publisher.publish(batch)


def test_a_full_disk_leaves_no_half_batch(path: Path) -> None:
    """The batch is unreached, and what was there is as it was."""
    publisher = FilePublisher(path)
    publisher.publish(numbered("t", 2))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, before[1]))
    try:
        with pytest.raises(BrokerUnavailable, match="File too large"):
            publisher.publish([message("t", b"x" * 400)] * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [SENT] == publisher.publish(numbered("t", 1))
    assert ["0", "1", "0"] == [line["payload"] for line in lines(path)]


def test_a_folder_that_is_missing_is_unavailable(path: Path) -> None:
    """For a publish and for a probe; nothing is made."""
    publisher = FilePublisher(path.parent / "nowhere" / "file")
    for call in (publisher.probe, lambda: publisher.publish(numbered("t", 1))):
        with pytest.raises(BrokerUnavailable, match="No such file"):
            call()
    assert [] == list(path.parent.iterdir())


def test_a_url_names_the_file(tmp_path: Path) -> None:
    """With blanks and other letters percent-encoded."""
    publisher_for((tmp_path / "ö 1").as_uri()).publish(numbered("t", 1))
    assert 1 == len(lines(tmp_path / "ö 1"))


@pytest.mark.parametrize("url", ["file://host/path", "file:///", "file:///a?timeout=1"])
def test_a_url_that_names_no_local_file_is_refused(url: str) -> None:
    """Before anything is opened."""
    with pytest.raises(PublisherMisconfigured):
        publisher_for(url)
