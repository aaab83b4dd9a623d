"""What a service asks of auth, answered by the benchmark itself: keys of its own, and nobody's session ended."""

import json
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.support.tokens import Issuer, Person

LIFETIME = timedelta(hours=1)


@dataclass
class Trust:
    """An endpoint on loopback that answers for auth; use as a context manager."""

    issuer: Issuer = field(default_factory=Issuer)

    def __enter__(self) -> Self:
        keys = json.dumps(self.issuer.public.as_dict(private=False)).encode()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(keys))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str) -> Person:
        """Somebody new, signed in for as long as a run may take."""
        return self.issuer.person(name, lifetime=LIFETIME)


def _handler(keys: bytes) -> type[BaseHTTPRequestHandler]:
    nothing = json.dumps({"items": [], "last_position": 0, "epoch": "bench"}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = keys if "jwks" in self.path else nothing
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_anything: Any) -> None:
            """Say nothing."""

    return Handler
