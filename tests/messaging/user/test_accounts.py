"""Events of accounts: redelivered, repeated, late or together, they leave one right profile."""

import asyncio

from messaging.kernel.outbox import Outbox
from messaging.user.app import republish

from tests.messaging.user.conftest import Users


async def test_a_redelivered_event_changes_nothing(users: Users) -> None:
    person = users.somebody()
    envelope = await users.account(person)
    await users.put(f"/{person.id}", person, {"display_name": "Ada"})
    await users.deliver([envelope, envelope])
    assert (await users.get("/me", person)).json()["display_name"] == "Ada"
    assert [event["version"] for event in users.told_of(person)] == [1, 2]


async def test_an_account_that_is_republished_leaves_the_profile_as_it_is(users: Users) -> None:
    person = await users.known()
    await users.put(f"/{person.id}", person, {"display_name": "Ada"})
    await users.account(person)
    assert (await users.get("/me", person)).json()["display_name"] == "Ada"
    assert [event["version"] for event in users.told_of(person)] == [1, 2]


async def test_a_newer_account_renews_name_and_address_and_an_older_one_does_not(users: Users) -> None:
    person = await users.known()
    newer = f"{person.username}.renamed"
    await users.account(person, version=3, username=newer, email="new@example.org")
    await users.account(person, version=2, username="older", email="older@example.org")
    mine = (await users.get("/me", person)).json()
    assert (mine["username"], mine["email"]) == (newer, "new@example.org")
    assert [event["username"] for event in users.told_of(person)] == [person.username, newer]


async def test_many_accounts_in_one_batch_all_get_a_profile(users: Users) -> None:
    people = [users.somebody() for _ in range(20)]
    await asyncio.gather(*(users.account(person) for person in people))
    answer = await users.get("?ids=" + ",".join(str(person.id) for person in people), people[0])
    assert len(answer.json()["items"]) == 20


async def test_republishing_tells_of_every_profile_with_its_present_version(users: Users) -> None:
    person = await users.known()
    await users.put(f"/{person.id}", person, {"display_name": "Ada"})
    users.told.clear()
    runtime = users.service.host.runtime
    async with runtime.database.writing() as session:
        outbox = Outbox(runtime.database, runtime.bus, runtime.clock, "user")
        count = await republish(session, outbox)
    while await runtime.outbox.relay_batch():
        pass
    (event,) = users.told_of(person)
    assert (event["version"], event["display_name"]) == (2, "Ada")
    assert count >= 1
