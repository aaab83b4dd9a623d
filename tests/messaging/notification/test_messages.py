"""Messages become notifications: one open one per person and conversation, counted by what is unread."""

from uuid import UUID

from tests.messaging.notification.conftest import Notifications
from tests.messaging.notification.story import Story, envelope
from tests.support.tokens import Person


async def begun(notifications: Notifications) -> tuple[Story, Person, Person]:
    """A conversation of two."""
    story, ada, ben = Story(), notifications.person("ada"), notifications.person("ben")
    await notifications.hears(story.begins_with(ada.id, ben.id))
    return story, ada, ben


async def test_three_messages_make_one_notification_that_counts_three_and_shows_the_last(
    notifications: Notifications,
) -> None:
    story, ada, ben = await begun(notifications)
    for text in ("one", "two", "three"):
        await notifications.hears(story.sends(ada.id, text))
    (mine,) = await notifications.of(ben)
    assert (mine["kind"], mine["count"], mine["message"], mine["seq"]) == ("message", 3, "three", 3)
    assert (mine["title"], mine["conversation_id"], mine["read_at"]) == (story.title, str(story.id), None)
    assert await notifications.of(ada) == []


async def test_a_direct_conversation_is_titled_by_its_sender(notifications: Notifications) -> None:
    story, ada, ben = Story(title=None), notifications.person("ada"), notifications.person("ben")
    await notifications.hears(story.begins_with(ada.id, ben.id), story.sends(ada.id))
    assert [item["title"] for item in await notifications.of(ben)] == ["sender"]


async def test_a_long_text_is_cut_to_200_code_points(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id, "😀" * 4000))
    (mine,) = await notifications.of(ben)
    assert mine["message"] == "😀" * 199 + "…"


async def test_reading_some_counts_anew_and_reading_all_closes(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(*(story.sends(ada.id, f"text {number}") for number in range(1, 6)))
    await notifications.hears(story.reads_up_to(ben.id, 3))
    assert [(item["count"], item["message"]) for item in await notifications.of(ben)] == [(2, "text 5")]
    await notifications.hears(story.reads_up_to(ben.id, 5))
    assert await notifications.of(ben, unread=True) == []
    (mine,) = await notifications.of(ben)
    assert mine["read_at"] is not None


async def test_a_receipt_that_comes_before_its_messages_counts(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    first, second, third = (story.sends(ada.id, str(number)) for number in range(3))
    await notifications.hears(story.reads_up_to(ben.id, 2))
    await notifications.hears(third, first, second)
    assert [item["count"] for item in await notifications.of(ben)] == [1]


async def test_an_event_that_comes_twice_or_is_published_again_counts_once(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    told = envelope(story.sends(ada.id))
    await notifications.bus.publish([told])
    await notifications.bus.publish([told, told])
    await notifications.bus.publish([told.model_copy(update={"id": UUID(int=7)})])
    assert [item["count"] for item in await notifications.of(ben)] == [1]


async def test_an_older_message_that_comes_late_counts_but_does_not_replace_the_text(
    notifications: Notifications,
) -> None:
    story, ada, ben = await begun(notifications)
    first, second = story.sends(ada.id, "first"), story.sends(ada.id, "second")
    await notifications.hears(second)
    await notifications.hears(first)
    assert [(item["count"], item["message"], item["seq"]) for item in await notifications.of(ben)] == [(2, "second", 2)]


async def test_an_edit_replaces_the_shown_text_and_a_deletion_takes_it_away(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id, "first"), story.sends(ada.id, "secret"))
    await notifications.hears(story.changes(1, "unseen"))
    assert [item["message"] for item in await notifications.of(ben)] == ["secret"]
    await notifications.hears(story.changes(2, "edited"))
    assert [item["message"] for item in await notifications.of(ben)] == ["edited"]
    await notifications.hears(story.reads_up_to(ben.id, 2))
    await notifications.hears(story.changes(2, "", deleted=True))
    assert [item["message"] for item in await notifications.of(ben)] == [""]


async def test_an_edit_that_comes_before_its_message_wins(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    sent, edited = story.sends(ada.id, "as sent"), story.changes(1, "as edited")
    await notifications.hears(edited)
    assert await notifications.of(ben) == []
    await notifications.hears(sent)
    assert [item["message"] for item in await notifications.of(ben)] == ["as edited"]


async def test_a_mention_is_told_apart_from_other_messages(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id), story.sends(ada.id, "@ben", mentions=(ben.id,)), story.sends(ada.id))
    told = {item["kind"]: (item["count"], item["seq"]) for item in await notifications.of(ben)}
    assert told == {"message": (2, 3), "mention": (1, 2)}
    await notifications.hears(story.reads_up_to(ben.id, 2))
    assert [(item["kind"], item["count"]) for item in await notifications.of(ben, unread=True)] == [("message", 1)]


async def test_a_message_waits_for_the_membership_that_it_was_sent_under(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    cleo = notifications.person("cleo")
    joined = story.joins(cleo.id)
    left = story.leaves(ben.id)
    sent = story.sends(ada.id)
    await notifications.hears(sent)
    await notifications.hears(left)
    assert [await notifications.of(person) for person in (ben, cleo)] == [[], []]
    await notifications.hears(joined)
    assert await notifications.of(ben) == []
    assert [item["count"] for item in await notifications.of(cleo)] == [1]


async def test_a_snapshot_makes_up_for_changes_that_never_came(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    cleo = notifications.person("cleo")
    story.joins(cleo.id)
    story.leaves(ben.id)
    await notifications.hears(story.sends(ada.id))
    await notifications.hears(story.snapshot())
    assert [len(await notifications.of(person)) for person in (ada, ben, cleo)] == [0, 0, 1]


async def test_who_leaves_is_told_no_more_and_who_joins_only_of_what_follows(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    cleo = notifications.person("cleo")
    await notifications.hears(story.sends(ada.id))
    await notifications.hears(story.leaves(ben.id), story.joins(cleo.id))
    assert await notifications.of(ben) == []
    assert await notifications.of(cleo) == []
    await notifications.hears(story.sends(ada.id))
    assert await notifications.of(ben) == []
    assert [item["count"] for item in await notifications.of(cleo)] == [1]


async def test_system_messages_notify_nobody(notifications: Notifications) -> None:
    story, ada, ben = await begun(notifications)
    await notifications.hears(story.sends(ada.id).model_copy(update={"kind": "system"}))
    assert await notifications.of(ben) == []


async def test_a_message_to_a_large_group_reaches_everybody(notifications: Notifications) -> None:
    story, ada = Story(), notifications.person("ada")
    crowd = [notifications.person("member") for _ in range(2500)]
    await notifications.hears(story.begins_with(ada.id, *(person.id for person in crowd)))
    await notifications.hears(story.sends(ada.id, "to all"), story.sends(ada.id, "of you"))
    for person in (*crowd[:3], *crowd[-3:]):
        assert [(item["count"], item["message"]) for item in await notifications.of(person)] == [(2, "of you")]
