"""What people want to be told of: levels, mutes, blocks; and people whom an edit mentions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from messaging_wire.events import RelationChanged
from messaging_wire.ids import UserId

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story
from tests.support.tokens import Person

HOUR = timedelta(hours=1)


async def begun(notifications: Notifications) -> tuple[Story, Person, Person]:
    """A conversation of two."""
    story, ada, ben = Story(), notifications.person("ada"), notifications.person("ben")
    await notifications.hears(story.begins_with(ada.id, ben.id))
    return story, ada, ben


async def told(notifications: Notifications, person: Person) -> dict[str, tuple[Any, ...]]:
    """What is open for somebody, by kind: how many messages, and the last of them."""
    items = await notifications.of(person, unread=True)
    return {item["kind"]: (item["count"], item["seq"], item["message"]) for item in items}


def blocks(person: UserId, other: UserId, *, version: int = 1, blocked: bool = True) -> RelationChanged:
    """Somebody blocks somebody."""
    return RelationChanged(version=version, user_id=person, other_id=other, contact=False, blocked=blocked)


async def test_by_the_level_mentions_only_these_are_told(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.chooses(ben.id, "mentions"))
    await notifications.hears(story.sends(ada.id, "plain"), story.sends(ada.id, "@ben", (ben.id,)))
    assert await told(notifications, ben) == {"mention": (1, 2, "@ben")}


async def test_by_the_level_none_nothing_is_told(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.chooses(ben.id, "none"))
    await notifications.hears(story.sends(ada.id, "plain"), story.sends(ada.id, "@ben", (ben.id,)))
    assert await notifications.of(ben) == []


async def test_while_muted_only_mentions_are_told_and_afterwards_what_comes_then(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    now = datetime.now(UTC)
    await notifications.hears(story.chooses(ben.id, "all", now + HOUR))
    await notifications.hears(story.sends(ada.id, "muted"), story.sends(ada.id, "@ben", (ben.id,)))
    assert await told(notifications, ben) == {"mention": (1, 2, "@ben")}
    await notifications.hears(story.chooses(ben.id, "all", now - HOUR))
    await notifications.hears(story.sends(ada.id, "heard"))
    assert (await told(notifications, ben))["message"] == (1, 3, "heard")


async def test_who_mutes_has_what_is_open_closed_and_counts_it_no_more(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(*(story.sends(ada.id, str(number)) for number in range(3)))
    await notifications.hears(story.chooses(ben.id, "mentions"))
    assert await told(notifications, ben) == {}
    await notifications.hears(story.sends(ada.id, "four"))
    await notifications.hears(story.chooses(ben.id, "all"))
    await notifications.hears(story.sends(ada.id, "five"), story.sends(ada.id, "six"))
    assert await told(notifications, ben) == {"message": (2, 6, "six")}
    await notifications.hears(story.reads_up_to(ben.id, 5))
    assert await told(notifications, ben) == {"message": (1, 6, "six")}


async def test_an_older_choice_that_comes_late_changes_nothing(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    older, newer = story.chooses(ben.id, "none"), story.chooses(ben.id, "all")
    await notifications.hears(newer)
    await notifications.hears(older)
    await notifications.hears(story.sends(ada.id, "hello"))
    assert await told(notifications, ben) == {"message": (1, 1, "hello")}


async def test_who_left_and_comes_back_is_told_of_everything_again(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.chooses(ben.id, "none"))
    await notifications.hears(story.leaves(ben.id))
    await notifications.hears(story.joins(ben.id))
    await notifications.hears(story.sends(ada.id, "hello"))
    assert await told(notifications, ben) == {"message": (1, 1, "hello")}


async def test_somebody_blocked_tells_nothing_to_who_blocked_them(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    cleo = notifications.person("cleo")
    await notifications.hears(story.joins(cleo.id), blocks(ben.id, ada.id))
    await notifications.hears(story.sends(ada.id, "plain"), story.sends(ada.id, "@ben", (ben.id,)))
    assert await told(notifications, ben) == {}
    assert await told(notifications, cleo) == {"message": (2, 2, "@ben")}


async def test_messages_of_somebody_blocked_are_not_counted_among_others(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    cleo = notifications.person("cleo")
    await notifications.hears(story.joins(cleo.id), blocks(ben.id, ada.id))
    for number in range(3):
        await notifications.hears(story.sends(cleo.id, f"cleo {number}"))
        await notifications.hears(story.sends(ada.id, f"ada {number}"))
    assert await told(notifications, ben) == {"message": (3, 5, "cleo 2")}
    await notifications.hears(story.reads_up_to(ben.id, 1))
    assert await told(notifications, ben) == {"message": (2, 5, "cleo 2")}


async def test_who_is_unblocked_is_heard_again(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(blocks(ben.id, ada.id), blocks(ben.id, ada.id, version=2, blocked=False))
    await notifications.hears(blocks(ben.id, ada.id))
    await notifications.hears(story.sends(ada.id, "hello"))
    assert await told(notifications, ben) == {"message": (1, 1, "hello")}


async def test_people_whom_an_edit_mentions_are_told_once(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id, "first"), story.sends(ada.id, "second"))
    await notifications.hears(story.changes(1, "first @ben", mentions=(ben.id,)))
    assert await told(notifications, ben) == {"message": (1, 2, "second"), "mention": (1, 1, "first @ben")}
    await notifications.hears(story.changes(1, "again @ben", mentions=(ben.id,)))
    assert await told(notifications, ben) == {"message": (1, 2, "second"), "mention": (1, 1, "again @ben")}


async def test_who_has_read_a_message_is_not_told_that_an_edit_mentions_them(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id, "first"))
    await notifications.hears(story.reads_up_to(ben.id, 1))
    await notifications.hears(story.changes(1, "first @ben", mentions=(ben.id,)))
    assert await told(notifications, ben) == {}


async def test_an_edit_that_comes_before_its_message_mentions_too(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    sent, edited = story.sends(ada.id, "first"), story.changes(1, "first @ben", mentions=(ben.id,))
    await notifications.hears(edited)
    await notifications.hears(sent)
    assert await told(notifications, ben) == {"mention": (1, 1, "first @ben")}


async def test_who_reads_and_is_told_again_at_once_keeps_one_notification(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id, "one"))
    await notifications.hears(story.sends(ben.id, "mine"), story.sends(ada.id, "two"))
    assert [(item["count"], item["message"]) for item in await notifications.of(ben)] == [(1, "two")]
