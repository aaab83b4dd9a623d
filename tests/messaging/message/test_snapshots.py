"""`messaging message republish`: a consumer that knows nothing can be rebuilt from what is told again."""

from messaging.message.app import republish
from messaging_wire.events import LevelChanged, MembershipChanged, MessageCreated

from tests.messaging.message.world import World


async def test_every_membership_and_the_latest_messages_are_told_again(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group, deleted = await world.group(ada, ben), await world.group(ada)
    sent = [await ada.send(group["id"], f"{number}") for number in range(3)]
    await ada.delete(f"/message/{sent[0]['id']}")
    await ben.put(f"/conversation/{group['id']}/notifications", {"level": "mentions"})
    await ada.delete(f"/conversation/{deleted['id']}")
    await world.published(MembershipChanged, deleted["id"], 2)
    await world.published(MessageCreated, group["id"], 4)
    await world.published(LevelChanged, group["id"], 1)
    runtime = world.service.host.runtime
    world.ear.heard.clear()

    async with runtime.database.writing() as session:
        count = await republish(session, runtime.outbox)
    runtime.outbox.wake()

    (membership,) = await world.published(MembershipChanged, group["id"], 1)
    messages = await world.published(MessageCreated, group["id"], 3)
    (level,) = await world.published(LevelChanged, group["id"], 1)
    assert (membership.complete, membership.version) == (True, 2)
    assert {(str(one.user_id), one.role, one.username, one.read_seq) for one in membership.changes} == {
        (ada.id, "owner", "ada", 4),
        (ben.id, "member", "ben", 1),
    }
    assert [(one.seq, one.sender_username) for one in messages] == [(1, "ben"), (3, "ada"), (4, "ada")]
    assert (str(level.user_id), level.level) == (ben.id, "mentions")
    assert world.ear.events(MembershipChanged, deleted["id"]) == []
    assert count >= 4
