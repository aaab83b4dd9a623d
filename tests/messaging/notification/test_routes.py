"""Notifications are listed, marked and removed by their owner alone; reminders come at their time."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.messaging.notification.conftest import Json, Notifications
from tests.messaging.notification.story import Story
from tests.support.tokens import Person


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the name of the problem that an answer tells of."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


async def told(notifications: Notifications, person: Person, conversations: int = 1) -> list[Story]:
    """Somebody with an unread message in each of some conversations, in this order."""
    stories = [Story() for _ in range(conversations)]
    ada = notifications.person("ada")
    for story in stories:
        await notifications.hears(story.begins_with(ada.id, person.id), story.sends(ada.id))
    return stories


async def another_message(notifications: Notifications, story: Story) -> None:
    await notifications.hears(story.sends(notifications.person("ada").id, "another"))


async def marked(notifications: Notifications, person: Person, item: Json, *, read: bool) -> httpx.Response:
    return await notifications.ask(person, "PUT", f"/{item['id']}", json={"read": read})


async def test_the_latest_activity_comes_first_in_pages(notifications: Notifications) -> None:
    ben = notifications.person()
    stories = await told(notifications, ben, 3)
    await another_message(notifications, stories[0])
    first = (await notifications.ask(ben, "GET", params={"limit": 2})).json()
    second = (await notifications.ask(ben, "GET", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    listed = [item["conversation_id"] for item in first["items"] + second["items"]]
    assert listed == [str(stories[number].id) for number in (0, 2, 1)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4IiwieSJd", "W10"])
async def test_a_cursor_that_we_did_not_make_is_refused(notifications: Notifications, cursor: str) -> None:
    answer = await notifications.ask(notifications.person(), "GET", params={"cursor": cursor})
    assert problem(answer) == (422, "invalid-fields")


async def test_the_list_by_my_own_id_is_mine_and_nobody_elses_is_there(notifications: Notifications) -> None:
    ben, mallory = notifications.person(), notifications.person()
    await told(notifications, ben)
    mine = (await notifications.ask(ben, "GET", f"/{ben.id}")).json()
    assert mine["items"] == await notifications.of(ben)
    assert problem(await notifications.ask(mallory, "GET", f"/{ben.id}")) == (404, "not-found")
    assert problem(await notifications.ask(mallory, "DELETE", f"/all/{ben.id}")) == (404, "not-found")
    assert problem(await notifications.ask(mallory, "GET", "/no-id")) == (404, "not-found")


async def test_another_person_neither_marks_nor_removes(notifications: Notifications) -> None:
    ben, mallory = notifications.person(), notifications.person()
    await told(notifications, ben)
    (mine,) = await notifications.of(ben)
    assert problem(await marked(notifications, mallory, mine, read=True)) == (404, "not-found")
    assert problem(await notifications.ask(mallory, "DELETE", f"/{mine['id']}")) == (404, "not-found")
    assert await notifications.of(ben) == [mine]


async def test_marked_read_it_is_closed_and_the_next_message_opens_a_new_one(notifications: Notifications) -> None:
    ben = notifications.person()
    (story,) = await told(notifications, ben)
    (mine,) = await notifications.of(ben)
    answer = await marked(notifications, ben, mine, read=True)
    assert answer.json()["read_at"] is not None
    assert (await marked(notifications, ben, mine, read=True)).json() == answer.json()
    assert await notifications.of(ben, unread=True) == []
    await another_message(notifications, story)
    (fresh,) = await notifications.of(ben, unread=True)
    assert (fresh["id"] != mine["id"], fresh["count"], fresh["message"]) == (True, 1, "another")


async def test_marked_unread_it_counts_on(notifications: Notifications) -> None:
    ben = notifications.person()
    (story,) = await told(notifications, ben)
    (mine,) = await notifications.of(ben)
    await marked(notifications, ben, mine, read=True)
    assert (await marked(notifications, ben, mine, read=False)).json() == mine
    await another_message(notifications, story)
    assert [(item["id"], item["count"]) for item in await notifications.of(ben)] == [(mine["id"], 2)]


async def test_an_old_one_cannot_be_marked_unread_beside_a_newer_one(notifications: Notifications) -> None:
    ben = notifications.person()
    (story,) = await told(notifications, ben)
    (old,) = await notifications.of(ben)
    await marked(notifications, ben, old, read=True)
    await another_message(notifications, story)
    assert problem(await marked(notifications, ben, old, read=False)) == (409, "conflict")


async def test_what_was_closed_by_hand_stays_closed_when_older_messages_come_late(notifications: Notifications) -> None:
    ben, ada, story = notifications.person(), notifications.person(), Story()
    await notifications.hears(story.begins_with(ada.id, ben.id))
    late, told_at_once = story.sends(ada.id, "late"), story.sends(ada.id, "at once")
    await notifications.hears(told_at_once)
    (mine,) = await notifications.of(ben)
    await marked(notifications, ben, mine, read=True)
    await notifications.hears(late)
    assert await notifications.of(ben, unread=True) == []


async def test_all_are_marked_and_removed_at_once(notifications: Notifications) -> None:
    ben, mallory = notifications.person(), notifications.person()
    stories = await told(notifications, ben, 3)
    await told(notifications, mallory)
    assert (await notifications.ask(ben, "PUT", "/read-all")).status_code == 204
    assert await notifications.of(ben, unread=True) == []
    assert len(await notifications.of(ben)) == 3
    assert (await notifications.ask(ben, "DELETE", f"/all/{ben.id}")).status_code == 204
    assert await notifications.of(ben) == []
    assert len(await notifications.of(mallory, unread=True)) == 1
    await another_message(notifications, stories[0])
    assert [item["count"] for item in await notifications.of(ben)] == [1]


async def test_a_removed_one_is_gone_and_the_next_message_counts_from_one(notifications: Notifications) -> None:
    ben = notifications.person()
    (story,) = await told(notifications, ben)
    (mine,) = await notifications.of(ben)
    assert (await notifications.ask(ben, "DELETE", f"/{mine['id']}")).status_code == 204
    assert problem(await notifications.ask(ben, "DELETE", f"/{mine['id']}")) == (404, "not-found")
    await another_message(notifications, story)
    assert [item["count"] for item in await notifications.of(ben)] == [1]


async def test_a_reminder_for_now_is_there_at_once(notifications: Notifications) -> None:
    ben = notifications.person()
    answer = await notifications.ask(ben, "POST", json={"message": "tea"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["kind"], made["title"], made["message"], made["count"]) == ("reminder", "Reminder", "tea", 1)
    assert await notifications.of(ben, unread=True) == [made]
    assert (await marked(notifications, ben, made, read=True)).json()["read_at"] is not None


async def test_a_reminder_with_a_time_comes_then(notifications: Notifications) -> None:
    ben = notifications.person()
    due_at = datetime.now(UTC) + timedelta(seconds=0.5)
    answer = await notifications.ask(ben, "POST", json={"message": "tea", "at": due_at.isoformat()})
    assert answer.status_code == 201
    assert await notifications.of(ben) == []
    async with asyncio.timeout(10):
        while not (listed := await notifications.of(ben)):
            await asyncio.sleep(0.02)
    assert datetime.now(UTC) >= due_at
    assert listed == [answer.json()]


async def test_reminders_come_in_the_order_of_their_times(notifications: Notifications) -> None:
    ben, now = notifications.person(), datetime.now(UTC)
    for text, seconds in (("second", 0.4), ("first", 0.2), ("never yet", 3600)):
        at = (now + timedelta(seconds=seconds)).isoformat()
        await notifications.ask(ben, "POST", json={"message": text, "at": at})
    async with asyncio.timeout(10):
        while len(listed := await notifications.of(ben)) < 2:
            await asyncio.sleep(0.02)
    assert [item["message"] for item in listed] == ["second", "first"]


async def test_a_reminder_that_waits_can_be_removed(notifications: Notifications) -> None:
    ben, mallory = notifications.person(), notifications.person()
    at = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
    made = (await notifications.ask(ben, "POST", json={"message": "tea", "at": at})).json()
    assert problem(await notifications.ask(mallory, "DELETE", f"/{made['id']}")) == (404, "not-found")
    assert (await notifications.ask(ben, "DELETE", f"/{made['id']}")).status_code == 204
    await asyncio.sleep(0.8)
    assert await notifications.of(ben) == []


async def test_a_repeated_client_id_gives_the_same_reminder_waiting_come_or_read(notifications: Notifications) -> None:
    ben, mallory = notifications.person(), notifications.person()
    at = (datetime.now(UTC) + timedelta(seconds=0.4)).isoformat()
    wish = {"message": "tea", "at": at, "client_id": str(uuid4())}
    first = await notifications.ask(ben, "POST", json=wish)
    again = await notifications.ask(ben, "POST", json=wish)
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    assert (await notifications.ask(mallory, "POST", json=wish)).status_code == 201
    async with asyncio.timeout(10):
        while not await notifications.of(ben):
            await asyncio.sleep(0.02)
    read = (await marked(notifications, ben, first.json(), read=True)).json()
    late = await notifications.ask(ben, "POST", json=wish)
    assert (late.status_code, late.json()) == (200, read)


async def test_twenty_repeats_at_once_make_one_reminder(notifications: Notifications) -> None:
    ben = notifications.person()
    wish = {"message": "tea", "client_id": str(uuid4())}
    answers = await asyncio.gather(*(notifications.ask(ben, "POST", json=wish) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await notifications.of(ben)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "x" * 1001},
        {"message": "tea", "at": "2026-11-24T10:00:00"},
        {"message": "tea", "at": "tomorrow"},
        {"message": "a\u0000b"},
        {"message": "tea", "for": "me"},
        {"message": "tea", "client_id": "no-id"},
    ],
)
async def test_a_malformed_reminder_is_refused(notifications: Notifications, body: Json) -> None:
    answer = await notifications.ask(notifications.person(), "POST", json=body)
    assert problem(answer) == (422, "invalid-fields")


async def test_without_a_token_nothing_is_told(notifications: Notifications) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("PUT", "/read-all"), ("DELETE", f"/{uuid4()}")):
        answer = await notifications.service.public.request(method, f"/api/notification{path}")
        assert problem(answer) == (401, "invalid-token")


async def test_routes_of_later_versions_are_not_there(notifications: Notifications) -> None:
    ben = notifications.person()
    for method, path in (("GET", "/preferences"), ("GET", "/push/key"), ("POST", "/push/subscriptions")):
        assert (await notifications.ask(ben, method, path)).status_code in (404, 405)
