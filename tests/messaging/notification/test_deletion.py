"""A person who deletes their account is told nothing any more, and others read nothing of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.purging import NOBODY, PORTION
from messaging.notification.app import build
from messaging.notification.settings import NotificationSettings
from messaging_wire.events import MessageCreated, RelationChanged

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story
from tests.support.databases import DIALECTS
from tests.support.deletions import Deletions, tables_with
from tests.support.services import IssuerTrust, database_place, running_service
from tests.support.tokens import Issuer, Person


@pytest.fixture(scope="module", params=DIALECTS)
async def notifications(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Notifications]:
    issuer, bus = Issuer(), MemoryBus()
    settings = NotificationSettings(**database_place(request, "notification", tmp_path_factory), purge_delay_s=0.05)
    async with running_service("notification", settings, build, source=IssuerTrust(issuer), bus=bus) as service:
        yield Notifications(service, bus, issuer)


@pytest.fixture(scope="module")
def deletions(notifications: Notifications) -> Deletions:
    return Deletions(notifications.bus)


async def held(notifications: Notifications, *words: str | UUID) -> set[str]:
    return await tables_with(notifications.service.host.runtime.database, *words)


def by(person: Person, message: MessageCreated) -> MessageCreated:
    """The message as it tells its sender's name."""
    return message.model_copy(update={"sender_username": person.username})


async def remind(notifications: Notifications, person: Person, text: str, *, at: datetime | None = None) -> None:
    body = {"message": text} | ({"at": at.isoformat()} if at is not None else {})
    assert (await notifications.ask(person, "POST", json=body)).status_code == 201


async def test_what_they_were_told_and_their_memberships_go(notifications: Notifications, deletions: Deletions) -> None:
    ada, ben = notifications.person("ada"), notifications.person("ben")
    story = Story()
    await notifications.hears(story.begins_with(ada.id, ben.id))
    await notifications.hears(story.sends(ben.id, "for ada", mentions=(ada.id,)), story.reads_up_to(ada.id, 0))
    await remind(notifications, ada, "water the looms")
    await remind(notifications, ada, "oil the looms", at=datetime.now(UTC) + timedelta(days=1))
    relation = RelationChanged(version=1, user_id=ada.id, other_id=ben.id, contact=False, blocked=True)
    await notifications.hears(relation)
    assert {"membership", "notification", "reminder", "relation"} <= await held(notifications, ada.id)

    await deletions.complete(ada.id)

    assert await held(notifications, ada.id, "looms", "for ada") == set()


async def test_others_go_on_being_told(notifications: Notifications, deletions: Deletions) -> None:
    ada, ben, carl = [notifications.person(name) for name in ("ada", "ben", "carl")]
    story = Story()
    await notifications.hears(story.begins_with(ada.id, ben.id, carl.id), story.sends(ada.id, "one"))

    await deletions.complete(ada.id, "keep")
    await notifications.hears(story.leaves(ada.id), story.sends(carl.id, "two"))

    (told,) = await notifications.of(ben)
    assert (told["count"], told["message"]) == (2, "two")


async def test_a_direct_conversation_is_called_after_nobody(notifications: Notifications, deletions: Deletions) -> None:
    ada, ben = notifications.person("ada-direct"), notifications.person("ben")
    story = Story(title=None)
    sent = story.begins_with(ada.id, ben.id), by(ada, story.sends(ada.id, "hello"))
    await notifications.hears(*sent)
    assert [told["title"] for told in await notifications.of(ben)] == [ada.username]

    await deletions.complete(ada.id, "keep")

    assert [(told["title"], told["message"]) for told in await notifications.of(ben)] == [(NOBODY, "hello")]
    assert await held(notifications, ada.username) == set()


async def test_the_text_of_a_tombstone_goes_whether_it_comes_before_or_after(
    notifications: Notifications, deletions: Deletions
) -> None:
    ada, ben = notifications.person(), notifications.person()
    for is_before in (True, False):
        story = Story()
        await notifications.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id, "a secret of hers"))
        if not is_before:
            await deletions.complete(ada.id)
        await notifications.hears(story.changes(1, "", deleted=True))
        assert await held(notifications, "a secret of hers") == set()


async def test_what_comes_late_brings_nobody_back(notifications: Notifications, deletions: Deletions) -> None:
    ada, ben = notifications.person("ada-late"), notifications.person("ben")
    story = Story(title=None)
    await deletions.complete(ada.id)

    await notifications.hears(
        story.begins_with(ada.id, ben.id),
        by(ada, story.sends(ada.id, "late")),
        story.reads_up_to(ada.id, 1),
        RelationChanged(version=4, user_id=ben.id, other_id=ada.id, contact=True, blocked=False),
    )

    assert await held(notifications, ada.id, ada.username) == set()
    assert [told["title"] for told in await notifications.of(ben)] == [NOBODY]


@pytest.mark.parametrize("choice", ["keep", "delete"])
async def test_a_message_that_waits_for_its_membership_waits_without_a_name_or_no_longer(
    notifications: Notifications, deletions: Deletions, choice: str
) -> None:
    ada, ben = notifications.person("ada-waits"), notifications.person("ben")
    story = Story(title=None)
    began = story.begins_with(ada.id, ben.id)
    await notifications.hears(by(ada, story.sends(ada.id, f"waiting to {choice}")))
    assert await held(notifications, ada.username) == {"deferred_event"}

    await deletions.complete(ada.id, "keep" if choice == "keep" else "delete")
    assert await held(notifications, ada.username) == set()
    await notifications.hears(began)

    told = [(item["title"], item["message"]) for item in await notifications.of(ben)]
    assert told == ([(NOBODY, "waiting to keep")] if choice == "keep" else [])


async def test_who_was_in_more_conversations_than_a_page_holds_is_taken_away_whole(
    notifications: Notifications, deletions: Deletions
) -> None:
    ada, ben = notifications.person(), notifications.person()
    stories = [Story() for _ in range(PORTION + 10)]
    await notifications.hears(*(story.begins_with(ada.id, ben.id) for story in stories))
    await notifications.hears(*(story.sends(ben.id, "hello") for story in stories))

    await deletions.complete(ada.id)

    assert await held(notifications, ada.id) == set()
