"""Adding people to a group, and invitations: who comes in at once, who is asked, and who never hears of it."""

from datetime import timedelta
from uuid import UUID, uuid4

from messaging.message.clearing import Clearing
from messaging.message.store import invitations
from messaging_wire.events import MembershipChanged

from tests.messaging.message.test_members import roles
from tests.messaging.message.test_people import BLOCKED, CONTACT, NOTHING, deliver, profile, said
from tests.messaging.message.world import Json, User, World
from tests.support.clock import SetClock


async def meet(world: World, *names: str) -> list[User]:
    """People whom the service knows by their profiles."""
    people = [world.user(name) for name in names]
    await deliver(world, *(profile(person) for person in people))
    return people


async def befriend(world: World, one: User, other: User) -> None:
    """Make two people contacts."""
    await deliver(world, said(one, other, CONTACT), said(other, one, CONTACT))


async def block(world: World, blocker: User, blocked: User, *, version: int = 2) -> None:
    """Let one block the other, who stays a contact as far as was said before."""
    await deliver(world, said(blocker, blocked, BLOCKED, version))


def mine(page: Json) -> list[str]:
    """The groups of a page of my invitations."""
    return [item["conversation_id"] for item in page["items"]]


async def test_a_contact_comes_in_at_once_and_is_told(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    await befriend(world, ada, ben)
    group = await world.group(ada)
    await ada.send(group["id"], "before ben")

    async with ada.live() as live, ben.live() as ben_live:
        added = await ada.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=201)
        told = await ben_live.wait_for("conversation")
        heard = await live.wait_for("message", lambda message: message["kind"] == "system")
        await ada.send(group["id"], "after ben")
        await ben_live.wait_for("message", lambda message: message["content"] == "after ben")

    assert (added["user_id"], added["role"]) == (ben.id, "member")
    assert (told["reason"], told["conversation"]["unread"], told["conversation"]["me"]["joined_seq"]) == (
        "joined",
        0,
        2,
    )
    assert (heard["content"], heard["sender_id"], heard["seq"]) == ("ada added ben", ada.id, 2)
    assert (await ada.get(f"/conversation/{group['id']}"))["unread"] == 0
    change = (await world.published(MembershipChanged, group["id"], 2))[1]
    assert [(str(one.user_id), one.role, one.username) for one in change.changes] == [(ben.id, "member", "ben")]


async def test_anybody_else_is_invited_told_and_comes_in_by_accepting(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    group = await world.group(ada)

    async with ben.live() as live:
        sent = await ada.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=202)
        told = await live.wait_for("invitation")
        (item,) = (await ben.get("/conversation/invitations"))["items"]
        assert (await ben.ask("GET", f"/conversation/{group['id']}")).status_code == 404
        joined = await ben.put(f"/conversation/invitations/{group['id']}", {"accept": True})

    assert told == {"conversation_id": group["id"], "title": "Engines", "inviter_id": ada.id}
    assert (sent["user"]["username"], sent["conversation_id"]) == ("ben", group["id"])
    assert (item["title"], item["inviter"]["username"], item["created_at"]) == ("Engines", "ada", sent["created_at"])
    assert (joined["last_message"]["content"], joined["unread"], joined["me"]["role"]) == ("ben joined", 0, "member")
    assert mine(await ben.get("/conversation/invitations")) == []
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": True}, expect=404)


async def test_who_declines_is_not_in_and_may_be_asked_again(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    group = await world.group(ada)
    path = f"/conversation/{group['id']}/members"
    await ada.post(path, {"user_id": ben.id}, expect=202)

    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": False}, expect=204)

    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": False}, expect=404)
    assert await roles(ada, group) == {ada.id: "owner"}
    await ada.post(path, {"user_id": ben.id}, expect=202)
    assert mine(await ben.get("/conversation/invitations")) == [group["id"]]


async def test_asking_again_changes_nothing_and_a_member_is_given_back(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    group = await world.group(ada)
    path = f"/conversation/{group['id']}/members"

    async with ben.live() as live:
        first = await ada.post(path, {"user_id": ben.id}, expect=202)
        assert await ada.post(path, {"user_id": ben.id}, expect=202) == first
        await ben.post("/conversation/join", {"join_code": group["join_code"]})
        await live.wait_for("conversation")
        assert len(live.events("invitation")) == 1

    assert (await ada.post(path, {"user_id": ben.id}, expect=200))["user_id"] == ben.id
    assert mine(await ben.get("/conversation/invitations")) == [], "coming in by the code answers it"


async def test_an_invitation_is_withdrawn_and_the_group_lists_who_has_not_answered(world: World) -> None:
    ada, ben, carol, dora = await meet(world, "ada", "ben", "carol", "dora")
    group = await world.group(ada)
    path = f"/conversation/{group['id']}"
    for person in (ben, carol, dora):
        await ada.post(f"{path}/members", {"user_id": person.id}, expect=202)

    await ada.delete(f"{path}/invitations/{carol.id}")
    await ada.delete(f"{path}/invitations/{carol.id}", expect=404)

    first = await ada.get(f"{path}/invitations", limit=1)
    second = await ada.get(f"{path}/invitations", limit=1, cursor=first["next_cursor"])
    waiting = [item["user"]["user_id"] for item in first["items"] + second["items"]]
    assert (waiting, second["next_cursor"]) == (sorted([ben.id, dora.id]), None)
    assert mine(await carol.get("/conversation/invitations")) == []
    await carol.put(f"/conversation/invitations/{group['id']}", {"accept": True}, expect=404)
    assert (await ada.ask("GET", f"{path}/invitations", params={"cursor": "nonsense"})).status_code == 422


async def test_who_has_blocked_the_adder_is_never_in_and_the_adder_cannot_tell(world: World) -> None:
    ada, ben, carol = await meet(world, "ada", "ben", "carol")
    await befriend(world, ada, ben)
    await block(world, ben, ada)
    group = await world.group(ada)
    path = f"/conversation/{group['id']}"

    async with ben.live() as live:
        blocked = await ada.post(f"{path}/members", {"user_id": ben.id}, expect=202)
        stranger = await ada.post(f"{path}/members", {"user_id": carol.id}, expect=202)
        again = await ada.post(f"{path}/members", {"user_id": ben.id}, expect=202)
        await ben.post("/conversation", {"title": "a barrier"}, expect=201)
        await live.wait_for("conversation")
        assert live.events("invitation") == []

    assert (blocked.keys(), again) == (stranger.keys(), blocked)
    listed = (await ada.get(f"{path}/invitations"))["items"]
    assert {item["user"]["username"] for item in listed} == {"ben", "carol"}
    assert mine(await ben.get("/conversation/invitations")) == []
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": True}, expect=404)
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": False}, expect=404)
    await ada.delete(f"{path}/invitations/{ben.id}")


async def test_a_block_hides_what_was_sent_before_and_another_admins_invitation_reaches_them(world: World) -> None:
    ada, ben, carol = await meet(world, "ada", "ben", "carol")
    group = await world.group(ada, carol)
    path = f"/conversation/{group['id']}/members"
    await ada.put(f"{path}/{carol.id}", {"role": "admin"})
    await ada.post(path, {"user_id": ben.id}, expect=202)
    await block(world, ben, ada)
    assert mine(await ben.get("/conversation/invitations")) == []

    async with ben.live() as live:
        await carol.post(path, {"user_id": ben.id}, expect=202)
        told = await live.wait_for("invitation")
    await ada.post(path, {"user_id": ben.id}, expect=202)

    (item,) = (await ben.get("/conversation/invitations"))["items"]
    assert (told["inviter_id"], item["inviter"]["username"]) == (carol.id, "carol"), "and stays carol's"
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": True})


async def test_the_end_of_a_contact_ends_coming_in_at_once(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    await befriend(world, ada, ben)
    await deliver(world, said(ada, ben, NOTHING, 2), said(ben, ada, NOTHING, 2))
    group = await world.group(ada)

    await ada.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=202)


async def test_a_new_group_takes_contacts_in_and_invites_the_others(world: World) -> None:
    ada, ben, carol, dora = await meet(world, "ada", "ben", "carol", "dora")
    await befriend(world, ada, ben)
    await befriend(world, ada, dora)
    await block(world, dora, ada)
    body = {"title": "Begun", "member_ids": [ben.id, carol.id, dora.id, ben.id, ada.id]}

    async with ben.live() as ben_live, carol.live() as carol_live:
        made = await ada.post("/conversation", body, expect=201)
        joined = await ben_live.wait_for("conversation")
        invited = await carol_live.wait_for("invitation")

    assert (made["member_count"], made["last_seq"]) == (2, 0)
    assert (joined["reason"], joined["conversation"]["id"], invited["conversation_id"]) == (
        "joined",
        made["id"],
        made["id"],
    )
    assert await roles(ada, made) == {ada.id: "owner", ben.id: "member"}
    (told,) = await world.published(MembershipChanged, made["id"], 1)
    assert (told.complete, {change.username for change in told.changes}) == (True, {"ada", "ben"})
    assert mine(await dora.get("/conversation/invitations")) == []
    listed = (await ada.get(f"/conversation/{made['id']}/invitations"))["items"]
    assert {item["user"]["username"] for item in listed} == {"carol", "dora"}


async def test_nobody_is_added_who_is_not_known_yet(world: World) -> None:
    (ada,) = await meet(world, "ada")
    group, newcomer = await world.group(ada), world.user("newcomer")
    path = f"/conversation/{group['id']}/members"

    await ada.post(path, {"user_id": newcomer.id}, expect=404)
    await ada.post("/conversation", {"title": "x", "member_ids": [newcomer.id]}, expect=404)
    await deliver(world, profile(newcomer))

    await ada.post(path, {"user_id": newcomer.id}, expect=202)


async def test_a_direct_conversation_takes_nobody_in(world: World) -> None:
    ada, ben, carol = await meet(world, "ada", "ben", "carol")
    direct = await ada.post("/conversation", {"kind": "direct", "member_ids": [ben.id]}, expect=201)

    await ada.post(f"/conversation/{direct['id']}/members", {"user_id": carol.id}, expect=409)
    await ada.delete(f"/conversation/{direct['id']}/invitations/{carol.id}", expect=409)


async def test_invitations_die_with_their_group(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    group = await world.group(ada)
    await ada.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=202)
    runtime = world.service.host.runtime

    await ada.delete(f"/conversation/{group['id']}")

    assert mine(await ben.get("/conversation/invitations")) == []
    await ben.put(f"/conversation/invitations/{group['id']}", {"accept": True}, expect=404)
    late = SetClock(runtime.clock.now() + timedelta(hours=1))
    while await Clearing(runtime.database, late).clear_some():
        pass
    async with runtime.database.reading() as session:
        assert await invitations.of_group(session, UUID(group["id"]), limit=1) == []


async def test_my_invitations_come_newest_first_in_pages(world: World) -> None:
    ada, ben = await meet(world, "ada", "ben")
    groups = [await world.group(ada, title=f"number {number}") for number in range(3)]
    for group in groups:
        await ada.post(f"/conversation/{group['id']}/members", {"user_id": ben.id}, expect=202)

    first = await ben.get("/conversation/invitations", limit=2)
    second = await ben.get("/conversation/invitations", limit=2, cursor=first["next_cursor"])

    assert mine(first) + mine(second) == [group["id"] for group in reversed(groups)]
    assert second["next_cursor"] is None
    assert (await ben.ask("GET", "/conversation/invitations", params={"cursor": "bad"})).status_code == 422


async def test_a_person_unknown_or_a_body_of_something_else_is_refused(world: World) -> None:
    (ada,) = await meet(world, "ada")
    group = await world.group(ada)

    await ada.post(f"/conversation/{group['id']}/members", {"user_id": str(uuid4())}, expect=404)
    await ada.post(f"/conversation/{group['id']}/members", {"user_id": "x"}, expect=422)
    await ada.post(f"/conversation/{group['id']}/members", {}, expect=422)
