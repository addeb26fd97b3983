"""One connection through the proxy: the two sockets that it joins."""

import socket
import struct
from contextlib import suppress
from typing import Final, Literal

from attrs import define

#: Towards the server, or from it.
Way = Literal["there", "back"]

#: Close with a reset, as a wire that breaks does, and not with a farewell.
_RESET: Final = struct.pack("ii", 1, 0)


@define(eq=False)
class Link:
    """A client and the server, who do not know of the wire between them."""

    client: socket.socket
    server: socket.socket
    #: The client is cut off, and the server is not told.
    is_lost: bool = False
    #: Nothing comes back, and nobody is told.
    is_stalled: bool = False
    #: Whether what passed last went to the server.
    is_asking: bool = False

    def send(self, way: Way, data: bytes) -> None:
        """Let it pass."""
        if way == "there":
            self.server.sendall(data)
        elif not (self.is_lost or self.is_stalled):
            self.client.sendall(data)

    def lose(self) -> None:
        """Cut the client off; the server goes on as if it were there."""
        self.is_lost = True
        _reset(self.client)

    def cut(self) -> None:
        """Both sides notice at once."""
        _reset(self.client)
        _reset(self.server)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
