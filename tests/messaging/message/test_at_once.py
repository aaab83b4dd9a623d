"""What ends or begins at one replica holds within a second on open sockets at the other, and for guesses as well."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from messaging_wire.auth import Revocation

from tests.messaging.message.replicas import Pair, open_pair
from tests.messaging.message.test_people import BLOCKED, CONTACT, deliver, profile, said
from tests.messaging.message.world import Live, User, body_of
from tests.support.mysql import MySQLServer
from tests.support.rabbitmq import RabbitMQServer

AT_ONCE_S = 1.0


@pytest.fixture(scope="module")
async def pair(
    mysql_server: MySQLServer, rabbitmq_server: RabbitMQServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pair]:
    async with open_pair(mysql_server, rabbitmq_server, tmp_path_factory.mktemp("message")) as made:
        yield made


async def become_known(pair: Pair, *people: User) -> None:
    """Let the service learn of people, and wait until it has: their events come by the broker."""
    await deliver(pair.one, *(profile(user) for user in people))
    for user in people:
        await comes_true(lambda user=user: _may_begin(people[0], user), within_s=10)  # type: ignore[misc]


async def _may_begin(one: User, other: User) -> bool:
    answer = await one.ask("POST", "/conversation", json={"kind": "direct", "member_ids": [other.id]})
    return answer.status_code in (200, 201)


async def comes_true(true: Callable[[], Awaitable[bool]], within_s: float = AT_ONCE_S) -> None:
    """Ask again and again until something holds."""
    async with asyncio.timeout(within_s):
        while not await true():
            await asyncio.sleep(0.02)


async def heard(live: Live, event: str, reason: str) -> None:
    """Hear of it within a second."""
    async with asyncio.timeout(AT_ONCE_S):
        await live.wait_for(event, lambda payload: payload.get("reason") == reason)


async def revoke(pair: Pair, user: User, *, session: bool = False) -> None:
    """End a person's session, or all of them, in the feed that both replicas follow by themselves."""
    now = datetime.now(UTC)
    for world in (pair.one, pair.two):
        world.trust.revocations.append(
            Revocation(
                position=len(world.trust.revocations) + 1,
                user_id=user.person.id,
                session_id=str(user.person.session_id) if session else None,
                not_before=now,
                expires_at=now + timedelta(hours=1),
            )
        )


async def test_a_removed_member_is_out(pair: Pair) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    group = await pair.one.group(ada, ben)

    async with ben_there.live() as live:
        await ada.delete(f"/conversation/{group['id']}/members/{ben.id}")

        await heard(live, "conversation", "left")
        assert await live.refused("send_message", body_of(group["id"])) == 404
        assert await live.refused("typing", {"conversation_id": group["id"]}) == 404
        assert await live.refused("receipt", {"conversation_id": group["id"], "read_seq": 1}) == 404
        assert (await live.accepted("sync", {"conversations": {group["id"]: 0}}))["gone"] == [group["id"]]


async def test_a_deleted_group_is_gone(pair: Pair) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    group = await pair.one.group(ada, ben)

    async with ben_there.live() as live:
        await ada.delete(f"/conversation/{group['id']}")

        await heard(live, "conversation", "deleted")
        assert await live.refused("send_message", body_of(group["id"])) == 404


async def test_a_role_that_was_taken_away_lets_nobody_announce(pair: Pair) -> None:
    (ada, _), (ben, ben_there) = pair.user("ada"), pair.user("ben")
    group = await pair.one.group(ada, ben)
    path = f"/conversation/{group['id']}"
    await ada.put(path, {"announcement_only": True})
    await ada.put(f"{path}/members/{ben.id}", {"role": "admin"})

    async with ben_there.live() as live:
        await live.accepted("send_message", body_of(group["id"]))
        await ada.put(f"{path}/members/{ben.id}", {"role": "member"})

        assert await live.refused("send_message", body_of(group["id"])) == 403
        await heard(live, "conversation", "changed")


async def test_who_is_added_or_invited_hears_of_it_and_then_of_messages(pair: Pair) -> None:
    (ada, _), (ben, ben_there), (carol, carol_there) = (pair.user(name) for name in ("ada", "ben", "carol"))
    await become_known(pair, ada, ben, carol)
    await deliver(pair.one, said(ben, ada, CONTACT), said(ada, ben, CONTACT))
    group = await pair.one.group(ada)
    path = f"/conversation/{group['id']}/members"

    async with ben_there.live() as live, carol_there.live() as carol_live:
        await comes_true(lambda: _is_added(ada, path, ben), within_s=10)
        await heard(live, "conversation", "joined")
        await ada.post(path, {"user_id": carol.id}, expect=202)
        async with asyncio.timeout(AT_ONCE_S):
            await carol_live.wait_for("invitation", lambda told: told["conversation_id"] == group["id"])
        sent = await ada.send(group["id"], "welcome")
        async with asyncio.timeout(AT_ONCE_S):
            await live.wait_for("message", lambda message: message["id"] == sent["id"])
        assert carol_live.seqs(group["id"]) == []


async def _is_added(adder: User, path: str, person: User) -> bool:
    """Whether they are in: until their contact is known they are only invited."""
    answer = await adder.ask("POST", path, json={"user_id": person.id})
    return answer.status_code in (200, 201)


async def test_a_blocked_persons_open_sockets_reach_the_blocker_no_more(pair: Pair) -> None:
    (ada, ada_there), (ben, _) = pair.user("ada"), pair.user("ben")
    await become_known(pair, ada, ben)
    made = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]})

    async with ada.live() as here, ada_there.live() as there:
        await deliver(pair.two, said(ben, ada, BLOCKED))
        for live in (here, there):
            await comes_true(lambda live=live: _is_refused(live, made["id"]))  # type: ignore[misc]


async def _is_refused(live: Live, conversation_id: str) -> bool:
    answer = await live.call("send_message", body_of(conversation_id))
    return not answer["ok"] and answer["problem"]["type"] == "urn:messaging:problem:cannot-message"


async def test_a_ban_or_a_deleted_account_closes_all_sockets(pair: Pair) -> None:
    ben, ben_there = pair.user("ben")

    async with ben.live() as here, ben_there.live() as there:
        await revoke(pair, ben)

        for live in (here, there):
            await heard(live, "session_ended", "session-ended")
            async with asyncio.timeout(AT_ONCE_S):
                await live.closed.wait()
    assert (await ben.ask("GET", "/conversation")).status_code == 401
    assert (await ben_there.ask("GET", "/conversation")).status_code == 401


async def test_the_end_of_one_session_closes_its_sockets_only(pair: Pair) -> None:
    ben, ben_there = pair.user("ben")
    again = pair.two.issuer.person("ben")
    other = User(pair.two, pair.two.issuer.again(type(again)(ben.person.id, again.session_id, "ben", "")))

    async with ben_there.live() as ended, other.live() as kept:
        await revoke(pair, ben, session=True)

        await heard(ended, "session_ended", "session-ended")
        assert (await kept.accepted("sync", {"conversations": {}}))["gone"] == []
        assert not kept.closed.is_set()


async def test_another_replica_gives_no_more_guesses(pair: Pair) -> None:
    ben, ben_there = pair.user("ben")
    wrong = {"join_code": "Z" * 32}

    first = [(await user.ask("POST", "/conversation/join", json=wrong)).status_code for user in (ben, ben_there)]
    rest = await asyncio.gather(
        *(user.ask("POST", "/conversation/join", json=wrong) for _ in range(10) for user in (ben, ben_there))
    )

    assert first == [404, 404]
    statuses = [answer.status_code for answer in rest]
    assert (statuses.count(404), statuses.count(429)) == (8, 12)
    assert {int(answer.headers["Retry-After"]) for answer in rest if answer.status_code == 429} <= set(range(1, 61))
