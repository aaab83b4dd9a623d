"""Sockets hear of their person's notifications at once, then at most once a second per conversation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
from messaging.kernel.ids import new_id
from messaging.notification.store.crowds import CROWD
from messaging_wire.ids import UserId

from tests.messaging.notification.conftest import Json, Notifications
from tests.messaging.notification.story import Story
from tests.support.serve import served
from tests.support.tokens import Person

PATH = "/api/notification/socket.io"
WAIT_S = 10


class Listener:
    """A client that notes what it hears, and when."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient(reconnection=False)
        self.heard: list[tuple[str, Json, float]] = []
        self._news = asyncio.Event()
        self.client.on("*", self._hear)

    async def _hear(self, event: str, payload: Json) -> None:
        self.heard.append((event, payload, asyncio.get_running_loop().time()))
        self._news.set()

    async def wait_for(
        self, event: str, true: Callable[[Json], bool] = lambda _: True, *, within_s: float = WAIT_S
    ) -> Json:
        """The first event of a name for which something is true."""
        async with asyncio.timeout(within_s):
            while True:
                self._news.clear()
                for name, payload, _ in self.heard:
                    if name == event and true(payload):
                        return payload
                await self._news.wait()

    def times(self, event: str) -> list[float]:
        """When events of a name were heard."""
        return [moment for name, _, moment in self.heard if name == event]


def of(story: Story) -> Callable[[Json], bool]:
    """Tell whether a notification is of this conversation."""
    return lambda item: item["conversation_id"] == str(story.id)


@asynccontextmanager
async def listening(url: str, person: Person) -> AsyncIterator[Listener]:
    """Somebody's socket."""
    listener = Listener()
    await listener.client.connect(
        url, socketio_path=PATH, auth=person.auth, transports=["websocket"], wait_timeout=WAIT_S
    )
    try:
        yield listener
    finally:
        await listener.client.disconnect()


@pytest.fixture(scope="module")
async def url(notifications: Notifications) -> AsyncIterator[str]:
    """Where the service is served."""
    async with served(notifications.service.host.public) as url:
        yield url


async def test_a_message_is_told_as_it_is_listed(notifications: Notifications, url: str) -> None:
    ada, ben, story = notifications.person("ada"), notifications.person("ben"), Story()
    async with listening(url, ben) as socket, listening(url, ada) as own:
        await notifications.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id))
        told = await socket.wait_for("notification")
        assert [told] == await notifications.of(ben)
        assert own.heard == []


async def test_a_burst_is_told_at_once_and_then_once_a_second_with_the_latest(
    notifications: Notifications, url: str
) -> None:
    ada, ben, story = notifications.person("ada"), notifications.person("ben"), Story()
    await notifications.hears(story.begins_with(ada.id, ben.id))
    async with listening(url, ben) as socket:
        begun = asyncio.get_running_loop().time()
        for _ in range(20):
            await notifications.hears(story.sends(ada.id))
        await socket.wait_for("notification", lambda item: item["count"] == 20)
        times = socket.times("notification")
        assert socket.heard[0][1]["count"] < 20
        assert len(times) <= 1 + (times[-1] - begun)


async def test_conversations_do_not_hold_up_one_another(notifications: Notifications, url: str) -> None:
    ada, ben = notifications.person("ada"), notifications.person("ben")
    stories = [Story() for _ in range(WAIT_S + 5)]
    async with listening(url, ben) as socket:
        for story in stories:
            await notifications.hears(story.begins_with(ada.id, ben.id))
        await notifications.hears(*(story.sends(ada.id) for story in stories))
        await socket.wait_for("notification", of(stories[0]))
        async with asyncio.timeout(WAIT_S):
            for story in stories:
                await socket.wait_for("notification", of(story))


async def test_marking_reading_and_removing_are_told_to_all_of_a_persons_sockets(
    notifications: Notifications, url: str
) -> None:
    ada, ben, story = notifications.person("ada"), notifications.person("ben"), Story()
    await notifications.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id))
    (mine,) = await notifications.of(ben)
    async with listening(url, ben) as first, listening(url, ben) as second:
        answer = await first.client.call("read", {"id": mine["id"]}, timeout=WAIT_S)
        assert answer == {"ok": True}
        for socket in (first, second):
            assert (await socket.wait_for("notification_updated"))["read_at"] is not None
        await notifications.hears(story.sends(ada.id))
        fresh = await second.wait_for("notification", lambda item: item["id"] != mine["id"])
        await notifications.hears(story.reads_up_to(ben.id, 2))
        await second.wait_for("notification_updated", lambda item: item["id"] == fresh["id"])
        await notifications.ask(ben, "DELETE", f"/{fresh['id']}")
        assert await second.wait_for("notification_removed") == {"id": fresh["id"]}


async def test_a_due_reminder_is_told(notifications: Notifications, url: str) -> None:
    ben = notifications.person("ben")
    async with listening(url, ben) as socket:
        made = (await notifications.ask(ben, "POST", json={"message": "tea"})).json()
        assert await socket.wait_for("notification") == made


@pytest.mark.parametrize(
    ("payload", "name"), [({"id": "no-id"}, "invalid-fields"), ({}, "invalid-fields"), (None, "invalid-fields")]
)
async def test_a_malformed_read_is_refused_in_its_acknowledgement(
    notifications: Notifications, url: str, payload: Any, name: str
) -> None:
    async with listening(url, notifications.person()) as socket:
        answer = await socket.client.call("read", payload, timeout=WAIT_S)
    assert (answer["ok"], answer["problem"]["type"].rpartition(":")[2]) == (False, name)


async def test_reading_another_persons_notification_is_not_found(notifications: Notifications, url: str) -> None:
    ada, ben, mallory, story = (*(notifications.person(name) for name in ("ada", "ben", "mallory")), Story())
    await notifications.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id))
    (mine,) = await notifications.of(ben)
    async with listening(url, mallory) as socket:
        answer = await socket.client.call("read", {"id": mine["id"]}, timeout=WAIT_S)
    assert (answer["ok"], answer["problem"]["status"]) == (False, 404)
    assert await notifications.of(ben) == [mine]


async def test_in_a_crowd_everybody_connected_hears_the_latest_and_who_has_muted_it_hears_nothing(
    notifications: Notifications, url: str
) -> None:
    ada, ben, cleo, story = (*(notifications.person(name) for name in ("ada", "ben", "cleo")), Story())
    crowd = [UserId(new_id()) for _ in range(CROWD)]
    await notifications.hears(story.begins_with(ada.id, ben.id, cleo.id, *crowd), story.chooses(cleo.id, "mentions"))
    async with listening(url, ben) as socket, listening(url, cleo) as quiet:
        await notifications.hears(story.sends(ada.id, "first"))
        await socket.wait_for("notification", lambda item: item["message"] == "first")
        for number in range(5):
            await notifications.hears(story.sends(ada.id, f"text {number}"))
        told = await socket.wait_for("notification", lambda item: item["message"] == "text 4")
        assert (told["count"], len(socket.times("notification"))) == (6, 2)
        assert [told] == await notifications.of(ben)
        assert quiet.heard == []
