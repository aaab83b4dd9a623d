"""Order: many senders at once, by REST and by socket; everybody sees the same numbering without a gap."""

import asyncio
from itertools import chain

from e2e.scenarios import checks
from e2e.scenarios.checks import Json
from e2e.scenarios.live import Live
from e2e.scenarios.person import Person, message_body
from e2e.scenarios.stage import Stage

BY_SOCKET = 60
BY_REST = 30


async def order(stage: Stage) -> None:
    """Send 180 messages from two people at once, each by both ways, and compare what four sockets saw."""
    ada, ben, carol = [await stage.person(name) for name in ("ada", "ben", "carol")]
    conversation = await stage.group(ada, ben, carol)
    start = conversation["last_seq"]
    sockets = [await person.connect() for person in (ada, ben, carol, carol)]
    total = 2 * (BY_SOCKET + BY_REST)
    with stage.step(f"{total} sends at once by two people, by socket and by REST, are all acknowledged"):
        sent = await asyncio.gather(
            _by_socket(sockets[0], conversation["id"], "ada"),
            _by_socket(sockets[1], conversation["id"], "ben"),
            _by_rest(ada, conversation["id"]),
            _by_rest(ben, conversation["id"]),
        )
        seqs = sorted(message["seq"] for message in chain.from_iterable(sent))
        checks.equal(seqs, list(range(start + 1, start + total + 1)), "the numbering")
    with stage.step("the sends of one socket are numbered in the order in which they were sent"):
        for one in sent[:2]:
            checks.equal([m["seq"] for m in one], sorted(m["seq"] for m in one), "seq in sending order")
    with stage.step("every socket saw every message once and in order"):
        for socket in sockets:
            await socket.until(
                lambda socket=socket: len(socket.messages(conversation["id"])) >= total,  # type: ignore[misc]
                what=f"{total} messages did not come",
            )
            seen = [message["seq"] for message in socket.messages(conversation["id"])]
            checks.equal(seen, list(range(start + 1, start + total + 1)), "seq at a socket")
    with stage.step("history agrees with the sockets"):
        page = await carol.get(f"/conversation/{conversation['id']}/messages", after_seq=start, limit=200)
        checks.equal(
            [message["id"] for message in page["items"]],
            [message["id"] for message in sockets[2].messages(conversation["id"])],
            "ids in history",
        )


async def _by_socket(socket: Live, conversation_id: str, name: str) -> list[Json]:
    """Send without waiting for the acknowledgement of the one before; tasks start in this order."""
    calls = [
        asyncio.create_task(socket.call("send_message", message_body(conversation_id, f"{name} {number}")))
        for number in range(BY_SOCKET)
    ]
    return [checks.accepted(answer)["message"] for answer in await asyncio.gather(*calls)]


async def _by_rest(person: Person, conversation_id: str) -> list[Json]:
    return list(await asyncio.gather(*(person.send(conversation_id, f"rest {number}") for number in range(BY_REST))))
