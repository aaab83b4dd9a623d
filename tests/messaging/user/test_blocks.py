"""Blocks: contacts and requests go, and who is blocked cannot tell the blocker from nobody."""

from uuid import uuid4

import pytest
from messaging.user.app import republish

from tests.messaging.user.conftest import Users
from tests.messaging.user.test_contacts import ask, befriend, listed


async def test_a_block_ends_being_contacts_for_both_and_is_told_of_each(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await befriend(users, ada, ben)
    assert (await users.put(f"/blocks/{ben.id}", ada)).status_code == 204
    assert await listed(users, ada) == await listed(users, ben) == []
    assert await listed(users, ada, "/blocks") == [str(ben.id)]
    assert await listed(users, ben, "/blocks") == []
    mine, theirs = users.told_between(ada, ben)[-1], users.told_between(ben, ada)[-1]
    assert (mine["contact"], mine["blocked"], mine["version"]) == (False, True, 2)
    assert (theirs["contact"], theirs["blocked"], theirs["version"]) == (False, False, 2)


@pytest.mark.parametrize("asked_by_blocker", [True, False])
async def test_a_block_removes_requests_of_both(users: Users, asked_by_blocker: bool) -> None:
    ada, ben = await users.known(), await users.known()
    await (ask(users, ada, ben) if asked_by_blocker else ask(users, ben, ada))
    await users.put(f"/blocks/{ben.id}", ada)
    for person in (ada, ben):
        for direction in ("incoming", "outgoing"):
            assert await listed(users, person, f"/contacts/requests?direction={direction}") == []
    assert users.told_between(ben, ada) == []


async def test_blocking_twice_is_told_once_and_so_is_unblocking(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        assert (await users.ask(method, f"/blocks/{ben.id}", ada)).status_code == 204
    told = [(event["blocked"], event["version"]) for event in users.told_between(ada, ben)]
    assert told == [(True, 1), (False, 2)]


async def test_who_is_blocked_gets_the_answers_that_nobody_gets(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await users.put("/preferences", ada, {"discoverable": True})
    await users.put(f"/blocks/{ben.id}", ada)
    asked = await users.post("/contacts", ben, {"user_id": str(ada.id)})
    nobody = await users.post("/contacts", ben, {"user_id": str(uuid4())})
    assert (asked.status_code, asked.json()) == (nobody.status_code, nobody.json()) == (404, nobody.json())
    by_name = await users.get(f"/by-username/{ada.username}", ben)
    unknown = await users.get("/by-username/nobody-at-all", ben)
    assert (by_name.status_code, by_name.json()) == (unknown.status_code, unknown.json()) == (404, unknown.json())
    assert (await users.get(f"?query={ada.username}", ben)).json()["items"] == []
    assert (await users.put(f"/contacts/requests/{ada.id}", ben, {"accept": True})).status_code == 404


async def test_who_is_blocked_still_reads_the_name_beside_messages_in_shared_groups(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await users.put(f"/blocks/{ben.id}", ada)
    assert (await users.get(f"/{ada.id}", ben)).json()["username"] == ada.username
    assert len((await users.get(f"?ids={ada.id}", ben)).json()["items"]) == 1


async def test_the_blocker_sees_as_before_and_has_to_unblock_first(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await users.put("/preferences", ben, {"discoverable": True})
    await users.put(f"/blocks/{ben.id}", ada)
    assert len((await users.get(f"?query={ben.username}", ada)).json()["items"]) == 1
    assert await ask(users, ada, ben) == 409
    await users.delete(f"/blocks/{ben.id}", ada)
    assert await ask(users, ada, ben) == 201


async def test_two_may_block_each_other(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await users.put(f"/blocks/{ben.id}", ada)
    assert (await users.put(f"/blocks/{ada.id}", ben)).status_code == 204
    await users.delete(f"/blocks/{ben.id}", ada)
    assert await ask(users, ada, ben) == 404


async def test_nobody_and_oneself_are_not_blocked(users: Users) -> None:
    ada = await users.known()
    assert (await users.put(f"/blocks/{uuid4()}", ada)).status_code == 404
    assert (await users.delete(f"/blocks/{uuid4()}", ada)).status_code == 404
    assert (await users.put(f"/blocks/{ada.id}", ada)).status_code == 409
    assert (await users.put("/blocks/no-id", ada)).status_code == 404


async def test_republishing_tells_of_every_relation_with_its_present_version(users: Users) -> None:
    ada, ben = await users.known(), await users.known()
    await befriend(users, ada, ben)
    await users.put(f"/blocks/{ben.id}", ada)
    await users.delete(f"/blocks/{ben.id}", ada)
    users.told.clear()
    runtime = users.service.host.runtime
    async with runtime.database.writing() as session:
        await republish(session, runtime.outbox)
    while await runtime.outbox.relay_batch():
        pass
    (mine,), (theirs,) = users.told_between(ada, ben), users.told_between(ben, ada)
    assert (mine["version"], mine["contact"], mine["blocked"]) == (3, False, False)
    assert (theirs["version"], theirs["contact"], theirs["blocked"]) == (2, False, False)
