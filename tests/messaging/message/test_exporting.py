"""The stream for exports: only to a grant for that conversation, and only while its person is a member."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from messaging.kernel.errors import ProblemError

from tests.messaging.message.test_realtime import fill
from tests.messaging.message.world import Json, User, World


def grant(
    user: User,
    group: Json,
    *,
    token_type: str = "grant+jwt",
    audience: str = "messaging-export",
    lifetime: timedelta = timedelta(hours=1),
    **changes: Any,
) -> str:
    """A grant as auth makes it."""
    claims = {"sub": user.id, "scope": "export", "conversation_id": group["id"], "export_id": str(uuid4())}
    return user.world.issuer.sign(claims | changes, token_type=token_type, audience=audience, lifetime=lifetime)


async def stream(user: User, group: Json, token: str) -> httpx.Response:
    """Ask on the internal port."""
    return await user.world.service.admin.get(
        f"/internal/export/conversations/{group['id']}", headers={"Authorization": f"Bearer {token}"}
    )


async def test_the_conversation_comes_first_and_then_all_messages_in_order(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(ada, group, 1100)

    answer = await stream(ben, group, grant(ben, group))

    assert answer.headers["content-type"] == "application/x-ndjson"
    first, *messages = [json.loads(line) for line in answer.text.splitlines()]
    assert (first["id"], first["last_seq"]) == (group["id"], 1101)
    assert [message["seq"] for message in messages] == list(range(1, 1102))
    assert {message["client_message_id"] for message in messages if message["sender_id"] == ada.id} == {None}


async def test_who_is_no_member_any_more_gets_nothing(world: World) -> None:
    ada, ben, stranger = world.user("ada"), world.user("ben"), world.user("stranger")
    group = await world.group(ada, ben)
    await ada.delete(f"/conversation/{group['id']}/members/{ben.id}")

    assert (await stream(ben, group, grant(ben, group))).status_code == 404
    assert (await stream(stranger, group, grant(stranger, group))).status_code == 404


async def test_who_is_removed_while_the_stream_runs_gets_no_further_page(world: World) -> None:
    ada, ben = world.user("ada"), world.user("ben")
    group = await world.group(ada, ben)
    await fill(ada, group, 600)
    exports = world.service.host.parts.state["exports"]

    pages = exports.pages(ben.person.id, UUID(group["id"]), 601)
    assert len(await anext(pages)) == 500
    await ada.delete(f"/conversation/{group['id']}/members/{ben.id}")

    with pytest.raises(ProblemError, match="not-found"):
        await anext(pages)


@pytest.mark.parametrize(
    "changes",
    [{"token_type": "at+jwt"}, {"audience": "messaging"}, {"scope": "everything"}, {"sub": "nobody"}],
)
async def test_a_grant_for_something_else_is_refused(world: World, changes: dict[str, Any]) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    assert (await stream(ada, group, grant(ada, group, **changes))).status_code == 401


async def test_an_access_token_is_no_grant_and_a_grant_no_access_token(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)
    other = await world.group(ada)

    assert (await stream(ada, group, ada.person.token)).status_code == 401
    assert (await stream(ada, other, grant(ada, group))).status_code == 404
    answer = await world.service.public.get(
        f"/api/conversation/{group['id']}", headers={"Authorization": f"Bearer {grant(ada, group)}"}
    )
    assert answer.status_code == 401


async def test_the_gateways_side_does_not_have_it(world: World) -> None:
    ada = world.user("ada")
    group = await world.group(ada)

    answer = await world.service.public.get(
        f"/internal/export/conversations/{group['id']}", headers={"Authorization": f"Bearer {grant(ada, group)}"}
    )

    assert answer.status_code == 404
