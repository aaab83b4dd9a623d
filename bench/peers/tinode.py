"""Tinode on MySQL, built from its Go module: the last release that the module proxy serves."""

import base64
import hashlib
import hmac
import itertools
import json
import secrets
from dataclasses import dataclass
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from bench import building
from bench.driver import Connection
from bench.peers import image
from bench.peers.peer import Account, Peer

PATH = "/v0/channels"
ANSWER_WITHIN_S = 30


class Tinode(Peer):
    """A Tinode server in the peers' container."""

    title = "Tinode"
    speaks = "WebSocket, group topic"
    uid = image.PROSODY_UID
    folders = ()
    archive = "messages"

    @property
    def version(self) -> str:
        """Its name and the module's version."""
        return "Tinode 0.22.13 on MySQL"

    @property
    def programs(self) -> dict[str, str]:
        """The server, and what makes its tables."""
        return {
            "/opt/tinode": str(building.build(building.TINODE)),
            "/opt/tinode-db": str(building.build(building.TINODE_DATABASE)),
        }

    def configuration(self, account: Account) -> dict[str, str]:
        """One file, with keys of its own."""
        self._salt = secrets.token_bytes(32)
        adapter = {
            "User": account.user,
            "Passwd": account.password,
            "Net": "tcp",
            "Addr": f"127.0.0.1:{account.port}",
            "DBName": account.name,
            "Collation": "utf8mb4_unicode_ci",
            "ParseTime": True,
            "max_open_conns": 64,
            "max_idle_conns": 64,
            "conn_max_lifetime": 60,
            "sql_timeout": 10,
        }
        values = {
            "listen": self.address,
            "api_path": "/",
            "ws_compression_disabled": True,
            "api_key_salt": base64.b64encode(self._salt).decode(),
            "max_message_size": 262144,
            "max_subscriber_count": 1000,
            "push": [],
            "auth_config": {
                "basic": {"add_to_tags": False, "min_login_length": 3, "min_password_length": 3},
                "token": {"expire_in": 86400, "serial_num": 1, "key": _key(32)},
            },
            "store_config": {"uid_key": _key(16), "use_adapter": "mysql", "adapters": {"mysql": adapter}},
        }
        return {"tinode.conf": json.dumps(values)}

    def prepare(self, account: Account) -> None:
        """Take the empty database away: Tinode's own program wants to make it."""
        self._mysql.execute(f"DROP DATABASE `{account.name}`")

    def command(self) -> str:
        """The tables, then the server."""
        return (
            "cd /tmp && mkdir static && /opt/tinode-db --config=/configuration/tinode.conf && "
            "exec /opt/tinode --config=/configuration/tinode.conf --static_data=/tmp/static"
        )

    def rooms(self, *, count: int, members: int) -> list[list[Connection]]:
        """Accounts and topics, made here; the first of each topic sends."""
        return [self._topic(members) for _ in range(count)]

    def idle(self, count: int) -> list[Connection]:
        """Sessions of one person: an account takes long to make."""
        with self._session() as session:
            token = session.account()
        return [Connection("tinode", self.address, self._path, token=token) for _ in range(count)]

    def _topic(self, members: int) -> list[Connection]:
        place, made = "new", []
        for member in range(members):
            with self._session() as session:
                token = session.account()
                place = session.subscribe(place)
            made.append(
                Connection(
                    "tinode",
                    self.address,
                    self._path,
                    token=token,
                    place=place,
                    sends=member == 0,
                    receivers=members,
                )
            )
        return made

    def _session(self) -> "Session":
        return Session(connect(f"ws://{self.address}{self._path}", compression=None, proxy=None))

    @property
    def _path(self) -> str:
        return f"{PATH}?apikey={api_key(self._salt)}"


@dataclass
class Session:
    """A client that sets things up."""

    socket: ClientConnection

    def __enter__(self) -> Self:
        self._numbers = itertools.count(1)
        self._ask("hi", ver="0.22", ua="bench")
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def account(self) -> str:
        """Make somebody and return their token."""
        secret = base64.b64encode(f"u{secrets.token_hex(6)}:password".encode()).decode()
        answer = self._ask("acc", user="new", scheme="basic", secret=secret, login=True)
        return str(answer["params"]["token"])

    def subscribe(self, topic: str) -> str:
        """Make or join a topic and return its name."""
        return str(self._ask("sub", topic=topic)["topic"])

    def _ask(self, what: str, **values: object) -> dict[str, Any]:
        number = str(next(self._numbers))
        self.socket.send(json.dumps({what: {"id": number, **values}}))
        while True:
            answer = json.loads(self.socket.recv(ANSWER_WITHIN_S)).get("ctrl", {})
            if answer.get("id") == number:
                if answer["code"] >= 300:
                    raise RuntimeError(f"Tinode refused {what}: {answer}")
                return dict(answer)


def api_key(salt: bytes) -> str:
    """Return a client's key: version 1, application and sequence, not root, signed with the salt (Tinode's keygen)."""
    data = bytes([1, 0, 0, 0, 0, 1, 0, 0])
    return base64.urlsafe_b64encode(data + hmac.new(salt, data, hashlib.md5).digest()).decode()


def _key(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
