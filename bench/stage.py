"""Our system on the common ground: a message service as a process, and who talks there."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.driver import Connection
from bench.ground import Ground, Place
from bench.people import SOCKET_PATH, Conversation, make_conversations
from bench.service import UNLIMITED, ServiceProcess

ALONE = "no Envoy, receipts or notification service"
"""What every row says that has none of them in."""
SENDERS = 16
MEMBERS = 4


@dataclass
class Stage:
    """A message service with its database and broker, and the conversations there."""

    place: Place
    message: ServiceProcess
    conversations: list[Conversation] = field(default_factory=list)
    senders: int = 1
    """How many members of each conversation send."""
    others: dict[str, list[int]] = field(default_factory=dict)
    """First processes of what else is in."""
    title: str = ""
    """How the table calls it; by its Python, by default."""
    address: str = ""
    """host:port that clients connect to; the service's own by default."""
    path: str = SOCKET_PATH

    def __post_init__(self) -> None:
        self.address = self.address or self.message.address
        python = "its image's Python" if self.ground.in_image else f"Python {platform.python_version()}"
        self.title = self.title or f"messaging, {python}"

    @property
    def ground(self) -> Ground:
        """The servers below."""
        return self.place.ground

    @property
    def database(self) -> str:
        """The name of the service's database."""
        return self.place.databases["message"].name

    @property
    def parts(self) -> Mapping[str, Sequence[int]]:
        """Whose processor time is counted."""
        return {
            "service": [self.message.pid],
            "MySQL": [self.ground.mysql.container.pid],
            "RabbitMQ": [self.ground.rabbitmq.container.pid],
            **self.others,
        }

    def counters(self) -> Mapping[str, float]:
        """The message service's own."""
        return self.message.metrics()

    def stored(self) -> int | None:
        """The highest numbers of all conversations together."""
        return self.ground.count(f"SELECT COALESCE(SUM(last_seq), 0) FROM `{self.database}`.conversation")

    def sockets(self) -> list[Connection]:
        """Everybody's connection."""
        return [
            one
            for conversation in self.conversations
            for one in conversation.sockets(self.address, senders=self.senders, path=self.path)
        ]


@contextmanager
def stage(ground: Ground, *, conversations: int = SENDERS, members: int = MEMBERS, senders: int = 1) -> Iterator[Stage]:
    """A fresh message service with so many conversations."""
    with (
        ground.place() as place,
        ground.service("message", {**place.settings("message"), **UNLIMITED}) as message,
    ):
        made = make_conversations(message.url, ground.trust, count=conversations, members=members)
        yield Stage(place, message, made, senders)
