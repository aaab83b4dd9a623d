"""The notification service beside the message service, and how far it is behind."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from bench.ground import Place
from bench.people import Conversation
from bench.service import ServiceProcess

LOOK_EVERY_S = 0.25


@contextmanager
def notification_service(place: Place) -> Iterator[ServiceProcess]:
    """A fresh notification service on the same broker."""
    with place.ground.service("notification", place.settings("notification")) as process:
        yield process


class Backlog:
    """What is not told yet: one member of each conversation, who reads nothing, asks how many messages are new."""

    def __init__(self, service: ServiceProcess, conversations: Sequence[Conversation]) -> None:
        self._client = httpx.Client(base_url=service.url, timeout=30, trust_env=False)
        self._watchers = [conversation.members[-1] for conversation in conversations]

    def wait_until_told(self, messages: int, *, within_s: float) -> tuple[float, int]:
        """Wait until so many messages of all conversations are told of.

        Return the seconds that it took and how many are still missing, 0 unless it took longer than `within_s`.
        """
        begun = time.monotonic()
        while (left := messages - self._told()) > 0 and time.monotonic() - begun < within_s:
            time.sleep(LOOK_EVERY_S)
        return time.monotonic() - begun, left

    def _told(self) -> int:
        return sum(self._count(watcher.headers) for watcher in self._watchers)

    def _count(self, headers: dict[str, str]) -> int:
        answer = self._client.get("/api/notification", headers=headers).raise_for_status().json()
        return sum(int(item["count"]) for item in answer["items"])
