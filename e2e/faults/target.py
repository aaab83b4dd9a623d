"""The platform that is harmed: where it answers, and how one of its parts is killed, stopped and started again."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

Part = Literal["broker", "database"]


class Killable(ABC):
    """One running platform whose message service can be killed. Every method blocks and raises ToolingError."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    @abstractmethod
    def kill_message(self) -> None:
        """End one process of the message service by SIGKILL and see that it is started again."""


class Target(Killable):
    """One running platform whose parts can be stopped as well."""

    @abstractmethod
    def stop(self, part: Part) -> None:
        """Stop a part in an orderly way; returns when it is gone."""

    @abstractmethod
    def start(self, part: Part) -> None:
        """Start a part again; need not wait until it is ready."""

    @abstractmethod
    def processes(self) -> Mapping[str, str]:
        """What runs now: of every service's process its name and a mark that is another one after a restart."""
