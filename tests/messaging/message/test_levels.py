"""What members want to be told of: stored for each by themselves, shown to them alone, told to other services."""

from messaging_wire.events import LevelChanged, MembershipChanged

from tests.messaging.message.world import User, World


async def level_of(user: User, conversation_id: str) -> tuple[str, str | None]:
    """What they have chosen, as they see it."""
    me = (await user.get(f"/conversation/{conversation_id}"))["me"]
    return me["level"], me["muted_until"]


async def test_a_level_is_ones_own_and_other_devices_and_services_hear_of_it(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)

    async with ben.live() as live, ada.live() as ada_live:
        me = await ben.put(f"/conversation/{group['id']}/notifications", {"level": "mentions"})
        told = await live.wait_for("conversation")
        await ada.send(group["id"], "a barrier")
        await ada_live.wait_for("message")
        assert ada_live.events("conversation") == []

    assert (me["level"], me["muted_until"], me["role"]) == ("mentions", None, "member")
    assert (told["reason"], told["conversation"]["me"]["level"]) == ("changed", "mentions")
    assert (await level_of(ben, group["id"]), await level_of(ada, group["id"])) == (("mentions", None), ("all", None))
    (event,) = await world.published(LevelChanged, group["id"], 1)
    assert (str(event.user_id), event.level, event.muted_until) == (ben.id, "mentions", None)


async def test_what_is_absent_stays_and_null_ends_the_muting(world: World) -> None:
    ada, until = world.user("ada"), "2031-01-01T00:00:00.000000Z"
    path = f"/conversation/{(group := await world.group(ada))['id']}/notifications"

    await ada.put(path, {"muted_until": until})
    assert await level_of(ada, group["id"]) == ("all", until)
    await ada.put(path, {"level": "none"})
    assert await level_of(ada, group["id"]) == ("none", until)
    await ada.put(path, {"muted_until": None})
    assert await level_of(ada, group["id"]) == ("none", None)
    events = await world.published(LevelChanged, group["id"], 3)
    assert [(event.level, event.muted_until is None) for event in events] == [
        ("all", False),
        ("none", False),
        ("none", True),
    ]


async def test_versions_go_on_growing_for_who_comes_back(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    path = f"/conversation/{group['id']}"
    for level in ("none", "mentions"):
        await ben.put(f"{path}/notifications", {"level": level})
    await ben.delete(f"{path}/members/{ben.id}")
    await ben.post("/conversation/join", {"join_code": group["join_code"]})

    assert await level_of(ben, group["id"]) == ("all", None), "as for anybody who comes in"
    await ben.put(f"{path}/notifications", {"level": "none"})

    events = await world.published(LevelChanged, group["id"], 3)
    assert [event.level for event in events] == ["none", "mentions", "none"]
    assert len({event.version for event in events}) == 3


async def test_a_level_moves_nothing_in_the_conversation(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    await ada.put(f"/conversation/{group['id']}/notifications", {"level": "none"})

    after = await ada.get(f"/conversation/{group['id']}")

    assert {key: after[key] for key in ("last_seq", "last_rev")} == {
        key: group[key] for key in ("last_seq", "last_rev")
    }
    assert len(await world.published(MembershipChanged, group["id"], 1)) == 1


async def test_what_is_no_level_is_refused(world: World) -> None:
    ada = world.user("ada")
    path = f"/conversation/{(await world.group(ada))['id']}/notifications"

    await ada.put(path, {"level": "loud"}, expect=422)
    await ada.put(path, {"muted_until": "2031-01-01T00:00:00"}, expect=422)
    await ada.put(path, {"level": "none", "surprise": 1}, expect=422)
