"""A receiver of webhooks, as a process of its own. The standard library is all it uses.

It writes each request to a file, as a line of JSON with an `fsync`, before it answers. The path
says how: `/status/503` answers that once a request, `/hang` never, `/cut` closes the connection.
"""

import json
import os
import sys
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OK = 204


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keep the request, then do what the path says."""
        length = int(self.headers["content-length"] or -1)
        body = self.rfile.read(length) if length >= 0 else b""
        if len(body) != length:  # the connection broke in the middle of the request
            self.close_connection = True
            return
        _, what, *rest = self.path.partition("?")[0].split("/")
        if what == "hang":
            threading.Event().wait()
        if what == "cut":
            self.close_connection = True
            return
        status = int(rest[0]) if what == "status" else OK
        if status == OK:
            self.keep(body)
        self.send_response(status)
        self.send_header("location", "/elsewhere")
        if status != OK:
            self.send_header("content-length", "0")
        self.end_headers()

    def keep(self, body: bytes) -> None:
        """Write it down."""
        fields = {
            "path": self.path,
            "headers": list(self.headers.items()),
            "body": b64encode(body).decode(),
        }
        line = json.dumps(fields).encode() + b"\n"
        with LOCK:
            os.write(FILE, line)
            os.fsync(FILE)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Connections wait in a queue as long as a page of a relay."""

    request_queue_size = 200
    daemon_threads = True


LOCK = threading.Lock()

if __name__ == "__main__":
    FILE = os.open(Path(sys.argv[1]), os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
