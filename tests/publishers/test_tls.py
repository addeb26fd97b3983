"""A server whose certificate nobody vouches for is told nothing."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from sourcery.errors import BrokerUnavailable
from sourcery.publishers import publisher_for
from sourcery.testing.conformance.publishers.messages import unreached

CERTIFICATE = Path(__file__).with_name("self_signed.pem")


@pytest.fixture
def impostor() -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what it was told after the handshake."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=listen, args=(listener, context, told))
        thread.start()
        yield listener.getsockname()[1], told
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def listen(listener: socket.socket, context: ssl.SSLContext, told: list[bytes]) -> None:
    """Take one connection after another, until the listener is shut."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(2)
            with context.wrap_socket(connection, server_side=True) as secure:
                if data := secure.recv(1000):
                    told.append(data)


@pytest.mark.promise(48)
@pytest.mark.parametrize(
    "url",
    [
        "https://user:pa55word@127.0.0.1:{port}/hook#timeout=3",
        "amqps://user:pa55word@127.0.0.1:{port}?timeout=3",
        "rediss://user:pa55word@127.0.0.1:{port}?timeout=3",
        "kafka://user:pa55word@127.0.0.1:{port}?timeout=3",
    ],
    ids=lambda url: url.partition(":")[0],
)
def test_an_impostor_is_told_nothing(impostor: tuple[int, list[bytes]], url: str) -> None:
    """Neither the password nor the message; they wait as if it were down."""
    port, told = impostor
    publisher = publisher_for(url.format(port=port))
    with pytest.raises(BrokerUnavailable) as caught:
        unreached(publisher)
    assert "pa55word" not in str(caught.value)
    publisher.close()
    assert [] == told
