"""What was read long ago is forgotten; what is unread stays, and so does what counts it while it is young."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from messaging.kernel.bus_memory import MemoryBus
from messaging.notification.app import build
from messaging.notification.service import NotificationService
from messaging.notification.settings import NotificationSettings
from messaging.notification.tables import activities, activity_blocks, deferred_events
from sqlalchemy import func, select

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story
from tests.support.clock import SetClock
from tests.support.databases import DIALECTS
from tests.support.services import IssuerTrust, database_place, running_service
from tests.support.tokens import Issuer

KEPT = timedelta(days=90)


@pytest.fixture(scope="module")
def clock() -> SetClock:
    """One clock per module; tests only ever move it forward."""
    return SetClock()


@pytest.fixture(scope="module", params=DIALECTS)
async def aging(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, clock: SetClock
) -> AsyncIterator[Notifications]:
    """The service on a clock to set."""
    issuer, bus = Issuer(clock), MemoryBus()
    settings = NotificationSettings(**database_place(request, "notification", tmp_path_factory))
    trust = IssuerTrust(issuer)
    async with running_service("notification", settings, build, source=trust, bus=bus, clock=clock) as service:
        yield Notifications(service, bus, issuer)


async def count(aging: Notifications, table: str) -> int:
    """How many rows of a table there are."""
    tables = {"activity": activities, "blocks": activity_blocks, "deferred": deferred_events}
    query = select(func.count()).select_from(tables[table])
    async with aging.service.host.runtime.database.reading() as session:
        return int((await session.execute(query)).scalar_one())


async def forget(aging: Notifications) -> None:
    """Do what is done every hour."""
    service: NotificationService = aging.service.host.parts.state["notification"]
    await service.forget_old()


async def test_read_ones_are_forgotten_after_their_time_and_unread_ones_stay(
    aging: Notifications, clock: SetClock
) -> None:
    ada, ben = aging.person("ada"), aging.person("ben")
    read, unread = Story(), Story()
    for story in (read, unread):
        await aging.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id))
    await aging.hears(read.reads_up_to(ben.id, 1))
    clock.advance(KEPT - timedelta(minutes=1))
    await forget(aging)
    ben = aging.issuer.again(ben)
    assert len(await aging.of(ben)) == 2
    clock.advance(timedelta(minutes=2))
    await forget(aging)
    assert [item["conversation_id"] for item in await aging.of(ben)] == [str(unread.id)]
    assert await count(aging, "activity") == 0


async def test_thousands_are_forgotten_in_portions(aging: Notifications, clock: SetClock) -> None:
    ada, story = aging.person("ada"), Story()
    await aging.hears(story.begins_with(ada.id), *(story.sends(ada.id) for _ in range(1200)))
    await aging.hears(*(story.changes(seq, "edited") for seq in range(1, 1201)))
    assert await count(aging, "activity") == 1200
    assert await count(aging, "blocks") == 5
    clock.advance(KEPT + timedelta(minutes=1))
    await forget(aging)
    assert await count(aging, "activity") == 0
    assert await count(aging, "blocks") == 0


async def test_a_message_whose_membership_never_comes_is_given_up(aging: Notifications, clock: SetClock) -> None:
    ada, story = aging.person("ada"), Story()
    story.begins_with(ada.id)
    await aging.hears(story.sends(ada.id))
    assert await count(aging, "deferred") == 1
    clock.advance(timedelta(days=15))
    await forget(aging)
    assert await count(aging, "deferred") == 0
