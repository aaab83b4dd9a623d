"""The platform that is harmed: where it answers, and how its parts are killed, stopped, held and started again."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Part = Literal["auth", "user", "message", "notification", "export", "gateway", "mysql", "rabbitmq"]

OURS: Final[tuple[Part, ...]] = ("auth", "user", "message", "notification", "export", "gateway")
"""Parts that no outage of another part may end."""
PARTS: Final[tuple[Part, ...]] = (*OURS, "mysql", "rabbitmq")


@dataclass(frozen=True)
class Process:
    """One process of a part: a name that it keeps, and a mark that is another one after a restart."""

    part: Part
    name: str
    mark: str
    is_ready: bool


class Killable(ABC):
    """One running platform whose parts can be killed. Every method blocks and raises ToolingError."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    @abstractmethod
    def kill(self, part: Part) -> str:
        """End one process of a part by SIGKILL, see that it is started again, and return its name."""


class Target(Killable):
    """One running platform whose parts can be stopped and held as well."""

    @abstractmethod
    def stop(self, part: Part) -> None:
        """Stop a part in an orderly way; returns when it is gone."""

    @abstractmethod
    def start(self, part: Part) -> None:
        """Start a part again; need not wait until it is ready."""

    @abstractmethod
    def hold(self, part: Part) -> None:
        """Let a part stand still, by SIGSTOP: its connections stay open and nothing answers."""

    @abstractmethod
    def release(self, part: Part) -> None:
        """Let it go on."""

    @abstractmethod
    def scale_message(self, replicas: int) -> None:
        """Have that many processes of the message service; returns when all are ready."""

    @abstractmethod
    def processes(self) -> Sequence[Process]:
        """What runs now, of every part."""
