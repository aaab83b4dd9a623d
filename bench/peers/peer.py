"""What the peers have in common: a container on the machine's own loopback, a database on our MySQL, people and rooms.

A peer's message counts as acknowledged when its room sends it back to the sender: both peers store it before that
(`ejabberd`: mod_mam's hook in the room's process; Prosody: mod_muc_mam's hook before the broadcast), each message in a
transaction of its own. After a run the archive is counted against what was acknowledged.
"""

import socket
import tempfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.driver import Connection
from bench.peers import image
from tests.support.container import Container, Removable, free_port
from tests.support.mysql import MySQLServer

DOMAIN = "localhost"
ROOMS = "conference.localhost"
OPEN_FILES = 20_000


@dataclass(frozen=True)
class Account:
    """A database of the peer's own and who may use it."""

    port: int
    name: str
    user: str
    password: str


class Peer(Removable, ABC):
    """A server between the start and end of a ``with`` block."""

    title: str
    speaks = "XMPP over TCP, group chat"
    uid: int
    folders: tuple[str, ...]
    """Where it writes."""
    archive: str
    """The table that holds a row per message."""

    def __init__(self, mysql: MySQLServer) -> None:
        self.port = free_port()
        self._mysql = mysql
        self._folder = tempfile.TemporaryDirectory(prefix="messaging-bench-peer-")
        self._container: Container | None = None

    @property
    @abstractmethod
    def version(self) -> str:
        """What it is, as the table says it."""

    @property
    def programs(self) -> dict[str, str]:
        """Programs that the image lacks: where each one is to be in the container, and where it is here."""
        return {}

    @abstractmethod
    def configuration(self, account: Account) -> dict[str, str]:
        """The files of its configuration, by name."""

    @abstractmethod
    def command(self) -> str:
        """What starts it in the foreground; its configuration is in /configuration."""

    def archived(self) -> int:
        """How many messages its archive holds; a server may make the table with the first one."""
        there = f"SELECT 1 FROM information_schema.tables WHERE table_schema = '{self.database}'"
        if not self._mysql.execute(f"{there} AND table_name = '{self.archive}'"):
            return 0
        ((count,),) = self._mysql.execute(f"SELECT COUNT(*) FROM `{self.database}`.`{self.archive}`")
        return int(str(count))

    def prepare(self, account: Account) -> None:
        """Make the tables, where the server does not do so itself."""

    @property
    def container(self) -> Container:
        """The running container."""
        assert self._container is not None
        return self._container

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        name = image.ensure()
        account = self._account()
        folder = Path(self._folder.name)
        folder.chmod(0o755)
        for file, text in self.configuration(account).items():
            (folder / file).write_text(text)
            (folder / file).chmod(0o644)
        self.prepare(account)
        self._container = Container(
            name,
            ["-c", self.command()],
            kind=self.title.lower(),
            uid=self.uid,
            ports=[],
            writable=[*self.folders, "/tmp"],
            volumes=[f"{folder}:/configuration:ro", *(f"{here}:{there}:ro" for there, here in self.programs.items())],
            options=["--network=host", f"--ulimit=nofile={OPEN_FILES}:{OPEN_FILES}"],
        )
        self._container.wait_for(self._answers)
        return self

    def remove(self) -> None:
        """Remove the container and the configuration."""
        if self._container is not None:
            self._container.remove()
        self._folder.cleanup()

    def rooms(self, *, count: int, members: int) -> list[list[Connection]]:
        """Accounts, made at their first log-in, and the rooms that they join; the first of each room sends."""
        return [
            [
                Connection(
                    "xmpp",
                    self.address,
                    user=f"p{room}x{member}",
                    domain=DOMAIN,
                    place=f"room{room}@{ROOMS}",
                    register=True,
                    sends=member == 0,
                    receivers=members,
                )
                for member in range(members)
            ]
            for room in range(count)
        ]

    def idle(self, count: int) -> list[Connection]:
        """Connections that are logged in and do nothing."""
        return [
            Connection("xmpp", self.address, user=f"idle{number}", domain=DOMAIN, register=True)
            for number in range(count)
        ]

    def _account(self) -> Account:
        database = self._mysql.fresh_database("message")
        name = f"peer_{database.name}"
        self._mysql.execute(
            f"CREATE USER '{name}'@'%' IDENTIFIED BY '{name}'", f"GRANT ALL ON `{database.name}`.* TO '{name}'@'%'"
        )
        self.database = database.name
        return Account(self._mysql.port, database.name, name, name)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
