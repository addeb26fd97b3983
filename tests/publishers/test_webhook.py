"""HTTP: what the receiver answers, signatures, order, time."""

import json
import socket
import threading
import time
from base64 import b64decode, b64encode
from typing import Any

import pytest

from sourcery.messages import SENT, Outcome
from sourcery.publishers import WebhookPublisher
from sourcery.publishers.signing import secret_key, signature
from sourcery.testing.conformance.publishers.messages import message, numbered, outcomes
from tests.publishers.sites import Site

SENT_, FAILED, REFUSED, UNREACHED = Outcome

#: The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(bytes(range(32))).decode()


@pytest.fixture
def site_name() -> str:
    """The receiver of webhooks."""
    return "webhook"


def requests(site: Site, topic: str) -> list[dict[str, Any]]:
    """What came in, with its headers."""
    found = [json.loads(line) for line in site.broker.lines()]
    for each in found:
        each["headers"] = {name.lower(): value for name, value in each["headers"]}
    return [each for each in found if each["headers"]["ce-topic"] == topic]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, SENT_), (202, SENT_), (204, SENT_),
        (301, FAILED), (307, FAILED), (408, FAILED), (425, FAILED), (429, FAILED),
        (500, FAILED), (503, FAILED), (599, FAILED),
        (400, REFUSED), (401, REFUSED), (404, REFUSED), (410, REFUSED), (413, REFUSED),
    ],
)  # fmt: skip
def test_a_status_decides(site: Site, status: int, outcome: Outcome) -> None:
    """What may pass is tried again; a redirect is not followed."""
    publisher = site.to(f"{site.url()}/status/{status}")
    (result,) = publisher.publish([message("t")])
    assert outcome is result.outcome
    assert result == SENT or f"answered {status}" in str(result.error)


def test_the_example_of_the_specification() -> None:
    """Its secret, id, timestamp and body give its signature."""
    key = secret_key("", SECRET)
    made = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == made


def test_a_message_is_signed(site: Site) -> None:
    """With each secret, over the id, the time of the attempt and the body."""
    publisher = WebhookPublisher(site.url(), secret=[SECRET, OTHER])
    sent = message(site.topic(), b'{"a": 1}')
    publisher.publish([sent])
    publisher.close()
    (got,) = requests(site, sent.topic)
    timestamp = int(got["headers"]["webhook-timestamp"])
    keys = [secret_key("", secret) for secret in (SECRET, OTHER)]
    expected = signature(keys, str(sent.message_id), timestamp, b64decode(got["body"]))
    assert expected == got["headers"]["webhook-signature"]
    assert abs(time.time() - timestamp) < 60


def test_options_stand_behind_the_hash(site: Site) -> None:
    """The query is the receiver's, as it is."""
    topic = site.topic()
    url = f"{site.url()}/hook/a%2Fb?token=x%20y#timeout=3&secret={SECRET}"
    site.to(url).publish([message(topic)])
    (got,) = requests(site, topic)
    assert "/hook/a%2Fb?token=x%20y" == got["path"]
    assert "webhook-signature" in got["headers"]


def test_an_account_is_basic_authorization(site: Site) -> None:
    """As the URL has it, percent-decoded."""
    topic = site.topic()
    site.to(site.url().replace("://", "://ada:p%2Fw@")).publish([message(topic)])
    (got,) = requests(site, topic)
    assert f"Basic {b64encode(b'ada:p/w').decode()}" == got["headers"]["authorization"]


@pytest.mark.parametrize("name", ["Host", "content-length", "webhook-id", "a b", "a:b", "ö", ""])
def test_a_header_that_would_break_the_request_is_refused(site: Site, name: str) -> None:
    """Before anything is sent; other messages are not its concern."""
    topic = site.topic()
    batch = [message(topic, headers={name: "x"}), message(topic)]
    assert [REFUSED, SENT_] == outcomes(site.publisher().publish(batch))
    assert 1 == len(requests(site, topic))


def test_line_ends_in_a_header_stay_in_it(
    site: Site,
) -> None:
    """They are percent-encoded, and so begin no header of their own."""
    topic = site.topic()
    site.publisher().publish([message(topic, headers={"x": "a\r\nwebhook-id: evil"})])
    (got,) = requests(site, topic)
    assert "a%0D%0Awebhook-id:%20evil" == got["headers"]["x"]


def test_a_content_type_with_a_line_end_is_refused(site: Site) -> None:
    """It is no header."""
    sent = message(site.topic(), content_type="text/plain\r\nx: y")
    assert [REFUSED] == outcomes(site.publisher().publish([sent]))


def test_after_a_failure_nothing_later_of_its_key_is_sent(site: Site) -> None:
    """Messages of other keys are."""
    topic = site.topic()
    bad = message(topic, key="a", headers={"host": "x"})
    batch = [bad, message(topic, key="a"), message(topic, key="b"), message(topic)]
    assert [REFUSED, FAILED, SENT_, SENT_] == outcomes(site.publisher().publish(batch))


def test_a_cut_connection_is_no_attempt(site: Site) -> None:
    """It broke before the answer: nobody knows what the receiver did."""
    (result,) = site.to(f"{site.url()}/cut").publish([message("t")])
    assert UNREACHED is result.outcome


def test_no_answer_in_time_is_a_failure(site: Site) -> None:
    """Of the message that was sent; what never had its turn costs nothing."""
    publisher = site.to(f"{site.url()}/hang", timeout=0.5, connections=1)
    began = time.monotonic()
    results = publisher.publish([*numbered("t", 2), message("t")])
    assert [FAILED, FAILED, UNREACHED] == outcomes(results)
    assert 0.5 <= time.monotonic() - began < 1.0


def test_each_wait_has_its_own_limit(site: Site) -> None:
    """A receiver that hangs does not use up the time of the batch."""
    publisher = site.to(f"{site.url()}/hang", timeout=10, read_timeout=0.2)
    began = time.monotonic()
    (result,) = publisher.publish([message("t")])
    assert FAILED is result.outcome
    assert time.monotonic() - began < 2


def test_an_answer_that_breaks_off_is_no_attempt(site: Site) -> None:
    """As little as one that never began: nobody knows what the receiver meant."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=answer_half, args=(server,))
        answering.start()
        port = server.getsockname()[1]
        (result,) = site.to(f"http://127.0.0.1:{port}").publish([message("t")])
        answering.join()
    assert UNREACHED is result.outcome


def answer_half(server: socket.socket) -> None:
    """Read a request, and begin to say something."""
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.")
