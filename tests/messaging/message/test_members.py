"""Members: joining, roles, removing, handing over, leaving, and who follows an owner; what others are told of it."""

from typing import Any

from messaging_wire.events import MembershipChanged

from tests.messaging.message.world import Json, User, World


async def roles(user: User, group: Json) -> dict[str, str]:
    """Who is what, as one member sees it."""
    page = await user.get(f"/conversation/{group['id']}/members")
    return {member["user_id"]: member["role"] for member in page["items"]}


async def test_joining_is_told_and_numbered_and_leaves_nothing_unread(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada)
    await ada.send(group["id"], "before ben")

    async with ada.live() as live, ben.live() as ben_live:
        joined = await ben.post("/conversation/join", {"join_code": group["join_code"]})
        heard = await live.wait_for("message", lambda message: message["kind"] == "system")
        told = await ben_live.wait_for("conversation")

    assert (joined["unread"], joined["me"]["joined_seq"], joined["me"]["read_seq"], joined["last_seq"]) == (0, 2, 2, 2)
    assert (heard["seq"], heard["sender_id"], heard["content"]) == (2, ben.id, "ben joined")
    assert (told["reason"], told["conversation"]["id"]) == ("joined", group["id"])
    assert live.events("conversation") == []


async def test_a_leaving_owner_is_followed_by_the_longest_standing_admin_then_member(world: World) -> None:
    ada, ben, carol, dora = (world.user(name) for name in ("ada", "ben", "carol", "dora"))
    group = await world.group(ada, ben, carol, dora)
    path = f"/conversation/{group['id']}/members"
    await ada.put(f"{path}/{carol.id}", {"role": "admin"})

    await ada.delete(f"{path}/{ada.id}")
    assert await roles(ben, group) == {ben.id: "member", carol.id: "owner", dora.id: "member"}
    await carol.delete(f"{path}/{carol.id}")
    assert await roles(ben, group) == {ben.id: "owner", dora.id: "member"}
    assert (await dora.get(f"/conversation/{group['id']}"))["owner_id"] == ben.id

    await ben.delete(f"{path}/{ben.id}")
    await dora.delete(f"{path}/{dora.id}")
    assert (await dora.ask("GET", f"/conversation/{group['id']}")).status_code == 404


async def test_the_last_one_out_deletes_the_group_and_their_other_devices_hear_of_it(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    async with ada.live() as live:
        await ada.delete(f"/conversation/{group['id']}/members/{ada.id}")
        told = await live.wait_for("conversation", lambda change: change["conversation"]["id"] == group["id"])

    assert (told["reason"], told["conversation"]["join_code"]) == ("left", None)
    assert (await ada.ask("GET", f"/conversation/{group['id']}")).status_code == 404
    await world.user("ben").post("/conversation/join", {"join_code": group["join_code"]}, expect=404)


async def test_an_owner_hands_over_and_stays_as_admin(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    path = f"/conversation/{group['id']}/members"

    await ada.put(f"{path}/{ada.id}", {"role": "member"}, expect=409)
    handed = await ada.put(f"{path}/{ben.id}", {"role": "owner"})

    assert handed["role"] == "owner"
    assert await roles(ada, group) == {ada.id: "admin", ben.id: "owner"}
    await ada.delete(f"/conversation/{group['id']}", expect=403)


async def test_an_admin_removes_members_and_nobody_above(world: World) -> None:
    ada, ben, carol, dora = (world.user(name) for name in ("ada", "ben", "carol", "dora"))
    group = await world.group(ada, ben, carol, dora)
    path = f"/conversation/{group['id']}/members"
    for admin in (ben, carol):
        await ada.put(f"{path}/{admin.id}", {"role": "admin"})

    await ben.delete(f"{path}/{dora.id}")
    await ben.delete(f"{path}/{carol.id}", expect=403)
    await ben.delete(f"{path}/{ada.id}", expect=403)
    await ben.delete(f"{path}/{dora.id}", expect=404)
    assert set(await roles(ada, group)) == {ada.id, ben.id, carol.id}


async def test_each_change_counts_the_membership_up_by_one_and_the_first_tells_everybody(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    path = f"/conversation/{group['id']}"
    await ada.put(f"{path}/members/{ben.id}", {"role": "admin"})
    await ada.delete(f"{path}/members/{ben.id}")
    await ada.delete(path)

    told = await world.published(MembershipChanged, group["id"], 5)

    assert [event.version for event in told] == [1, 2, 3, 4, 5]
    assert [event.complete for event in told] == [True, False, False, False, True]
    assert [[(str(c.user_id), c.role) for c in event.changes] for event in told] == [
        [(ada.id, "owner")],
        [(ben.id, "member")],
        [(ben.id, "admin")],
        [(ben.id, None)],
        [],
    ]
    assert [change.username for event in told for change in event.changes] == ["ada", "ben", "ben", "ben"]


async def test_a_new_title_is_told_with_the_membership(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada, title="Old")
    await ada.put(f"/conversation/{group['id']}", {"title": "New"})

    told = await world.published(MembershipChanged, group["id"], 2)

    assert [(event.version, event.title) for event in told] == [(1, "Old"), (2, "New")]
    assert told[1].changes == []


async def test_only_members_are_told_the_join_code_and_its_changes(world: World) -> None:
    ada, ben, carol = (world.user(name) for name in ("ada", "ben", "carol"))
    group = await world.group(ada, ben, carol)
    path = f"/conversation/{group['id']}"

    async with ben.live() as live, carol.live() as carol_live:
        await ada.delete(f"{path}/members/{ben.id}")
        left = await live.wait_for("conversation", lambda change: change["reason"] == "left")
        code = (await ada.post(f"{path}/join-code"))["join_code"]
        told = await carol_live.wait_for("conversation", lambda change: change["conversation"]["join_code"] == code)
        await ben.post("/conversation/join", {"join_code": group["join_code"]}, expect=404)
        own = await world.group(ben)
        await live.wait_for("conversation", lambda change: change["conversation"]["id"] == own["id"])

    assert told["reason"] == "changed"
    assert left["conversation"]["join_code"] is None
    assert [change["reason"] for change in live.events("conversation")] == ["left", "joined"]
    await ada.delete(f"{path}/join-code")
    assert (await carol.get(path))["join_code"] is None
    await ben.post("/conversation/join", {"join_code": code}, expect=404)


async def test_members_come_in_pages(world: World) -> None:
    people = [world.user(f"user{number}") for number in range(5)]
    group = await world.group(*people)
    path = f"/conversation/{group['id']}/members"

    seen: list[str] = []
    cursor: Any = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await people[0].get(path, **query)
        seen += [member["user_id"] for member in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(user.id for user in people)
    assert (await people[0].ask("GET", path, params={"cursor": "nonsense"})).status_code == 422
