"""Exports are asked for, made in the background, shown to their owner alone, and refused clearly."""

from uuid import uuid4

from messaging.export.tables import exports as rows
from sqlalchemy import select

from tests.messaging.export.world import Exports, World, problem


async def test_an_export_holds_the_conversation_and_all_its_messages_in_order(world: World, exports: Exports) -> None:
    ada = await world.person()
    texts = ["first", "=1+1", 'a "quoted" <b>text</b>', "ünïcødé 👩‍👩‍👧"]
    conversation_id = await world.conversation(ada, *texts)
    document = await exports.document(ada, await exports.ready(ada, conversation_id))
    assert (document["format_version"], document["conversation"]["id"]) == (1, conversation_id)
    assert document["exported_at"].endswith("Z")
    assert [item["content"] for item in document["messages"] if item["kind"] == "text"] == texts
    seqs = [item["seq"] for item in document["messages"]]
    assert seqs == sorted(seqs)
    assert seqs[-1] == document["conversation"]["last_seq"]


async def test_a_conversation_without_a_text_is_a_valid_document(world: World, exports: Exports) -> None:
    ada = await world.person()
    document = await exports.document(ada, await exports.ready(ada, await world.conversation(ada)))
    assert [item for item in document["messages"] if item["kind"] == "text"] == []


async def test_what_is_taken_in_is_named_by_location_and_listed(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    answer = await exports.create(ada, conversation_id)
    taken = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, f"/dataexport/{taken['id']}")
    assert (taken["state"], taken["option"], taken["scope"]) == ("queued", "json", f"conversation:{conversation_id}")
    ready = await exports.ended(ada, taken["id"])
    assert (ready["state"], ready["progress"], ready["failure"]) == ("ready", 1.0, None)
    assert ready["size_bytes"] > 0
    assert ready["expires_at"] > ready["created_at"]
    assert (await exports.ask(ada, "GET")).json() == {"items": [ready], "next_cursor": None}


async def test_exports_are_listed_newest_first_in_pages(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada)
    made = [await exports.begun(ada, conversation_id) for _ in range(3)]
    first = (await exports.ask(ada, "GET", params={"limit": 2})).json()
    second = (await exports.ask(ada, "GET", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert problem(await exports.ask(ada, "GET", params={"cursor": "nonsense"})) == (422, "invalid-fields")


async def test_a_repeated_client_id_gives_the_same_export(world: World, exports: Exports) -> None:
    ada, ben = await world.person(), await world.person()
    conversation_id, client_id = await world.conversation(ada), str(uuid4())
    first = await exports.create(ada, conversation_id, client_id=client_id)
    again = await exports.create(ada, conversation_id, client_id=client_id)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    other = await exports.create(ben, await world.conversation(ben), client_id=client_id)
    assert other.status_code == 202


async def test_other_forms_are_refused_as_not_available_in_this_version(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada)
    for option in ("csv", "pdf"):
        answer = await exports.create(ada, conversation_id, option=option)
        assert problem(answer) == (422, "invalid-fields")
        assert answer.json()["errors"] == [{"field": "option", "message": "only json is available in this version"}]
    for option in ("xml", ""):
        assert problem(await exports.create(ada, conversation_id, option=option)) == (422, "invalid-fields")


async def test_a_body_with_unknown_fields_or_without_a_conversation_is_refused(world: World, exports: Exports) -> None:
    ada = await world.person()
    for body in ({}, {"scope": "account"}, {"conversation_id": "no-id"}, {"conversation_id": str(uuid4()), "x": 1}):
        answer = await exports.ask(ada, "POST", "/export-data", params={"option": "json"}, json=body)
        assert problem(answer) == (422, "invalid-fields")


async def test_a_strangers_conversation_is_not_there(world: World, exports: Exports) -> None:
    ada, mallory = await world.person(), await world.person()
    conversation_id = await world.conversation(ada, "secret")
    for wanted in (conversation_id, str(uuid4())):
        assert problem(await exports.create(mallory, wanted)) == (404, "not-found")
    assert (await exports.ask(mallory, "GET")).json()["items"] == []


async def test_nobody_else_sees_cancels_or_links_an_export(world: World, exports: Exports) -> None:
    ada, mallory = await world.person(), await world.person()
    export_id = await exports.ready(ada, await world.conversation(ada))
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/link")):
        assert problem(await exports.ask(mallory, method, f"/{export_id}{path}")) == (404, "not-found")
        assert problem(await exports.ask(mallory, method, f"/{uuid4()}{path}")) == (404, "not-found")
        assert problem(await exports.ask(mallory, method, f"/no-id{path}")) == (404, "not-found")


async def test_without_a_token_nothing_is_told(world: World, exports: Exports) -> None:
    for method, path in (("GET", ""), ("POST", "/export-data"), ("GET", f"/{uuid4()}"), ("POST", f"/{uuid4()}/link")):
        answer = await exports.service.public.request(method, f"/api/dataexport{path}")
        assert problem(answer) == (401, "invalid-token")


async def test_a_person_keeps_a_bounded_number_of_exports(world: World) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada)
    async with world.exporting(exports_per_person=2) as exports:
        for _ in range(2):
            await exports.begun(ada, conversation_id)
        answer = await exports.create(ada, conversation_id)
    assert problem(answer) == (429, "too-many-requests")
    assert int(answer.headers["retry-after"]) >= 1


async def test_while_message_is_away_nothing_is_taken_in(world: World) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada)
    async with world.exporting(message_internal_url="http://127.0.0.1:9") as exports:
        assert problem(await exports.create(ada, conversation_id)) == (503, "unavailable")
        assert (await exports.ask(ada, "GET")).json()["items"] == []


async def test_a_grant_is_stored_sealed_and_gone_when_the_export_has_ended(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    world.gate.close()
    try:
        export_id = await exports.begun(ada, conversation_id)
        async with exports.service.host.runtime.database.reading() as session:
            sealed = (
                await session.execute(select(rows.c.grant_sealed).order_by(rows.c.id.desc()).limit(1))
            ).scalar_one()
        assert b"eyJ" not in sealed
    finally:
        world.gate.open()
    await exports.ended(ada, export_id)
    async with exports.service.host.runtime.database.reading() as session:
        kept = (await session.execute(select(rows.c.grant_sealed).order_by(rows.c.id.desc()).limit(1))).scalar_one()
    assert kept is None


async def test_log_out_does_not_end_an_export_that_is_under_way(world: World, exports: Exports) -> None:
    ada = await world.person()
    conversation_id = await world.conversation(ada, "hello")
    world.gate.close()
    try:
        export_id = await exports.begun(ada, conversation_id)
        await world.gate.waiting.wait()
        assert (await world.auth.public.post("/api/auth/logout", headers=ada.headers)).status_code == 204
    finally:
        world.gate.open()
    ada = await world.signed_in_again(ada)
    assert (await exports.ended(ada, export_id))["state"] == "ready"
