"""REST calls against a real platform: tokens renew by themselves, refusals are errors of one tree."""

import asyncio
import socket
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from messaging_client.errors import (
    BadAnswerError,
    ConflictError,
    InvalidCredentialsError,
    NotFoundError,
    NotSignedInError,
    SessionEndedError,
    UnavailableError,
    UnreachableError,
)
from messaging_client.net.rest import Rest
from messaging_client.net.session import Session
from messaging_client.net.tokens import HeldTokens, MemoryStore
from messaging_wire.auth import LoginRequest
from messaging_wire.conversation import ConversationCreate, ReceiptUpdate
from messaging_wire.ids import ClientMessageId
from messaging_wire.message import SendRequest

from tests.messaging_client.conftest import PASSWORD, Join, Reach, Someone
from tests.support.standalone import Standalone


def spoil(someone: Someone) -> HeldTokens:
    """Put a broken access token beside the good refresh token, in the store and in a session made from it."""
    held = someone.session.held
    broken = held.model_copy(update={"tokens": held.tokens.model_copy(update={"access_token": "broken"})})
    someone.store.save(broken)
    return broken


async def test_a_refused_access_token_is_renewed_once_for_all_who_ask_at_once(
    platform: Standalone, join: Join, reach: Reach
) -> None:
    ada = await join("ada")
    broken = spoil(ada)
    rest = Rest(reach(platform.url), Session(reach(platform.url), ada.store))

    await asyncio.gather(*(rest.conversations() for _ in range(10)))

    now = ada.store.load()
    assert now is not None
    assert now.tokens.refresh_token != broken.tokens.refresh_token
    await rest.session.renew(now.tokens.access_token)


async def test_a_token_that_another_process_renewed_is_taken_from_the_store(
    platform: Standalone, join: Join, reach: Reach
) -> None:
    ada = await join("ada")
    other = Session(reach(platform.url), ada.store)
    former = ada.session.held

    renewed = await other.renew(former.tokens.access_token)

    assert await ada.session.renew(former.tokens.access_token) == renewed
    await ada.rest.conversations()


async def test_a_refresh_token_that_is_refused_ends_the_session_and_forgets_it(
    platform: Standalone, join: Join, reach: Reach
) -> None:
    ada = await join("ada")
    held = ada.session.held
    await ada.rest.log_out()
    ada.store.save(held)
    session = Session(reach(platform.url), ada.store)

    with pytest.raises(SessionEndedError):
        await session.renew(held.tokens.access_token)

    assert ada.store.load() is None
    with pytest.raises(NotSignedInError):
        await session.access_token()


async def test_a_wrong_password_is_not_taken_for_an_ended_token(platform: Standalone, join: Join) -> None:
    ada = await join("ada")
    request = LoginRequest.model_validate({"login": ada.account.username, "password": PASSWORD + "x"})

    with pytest.raises(InvalidCredentialsError):
        await ada.rest.log_in(request)


async def test_a_conversation_is_made_once_listed_read_and_marked(join: Join) -> None:
    ada, ben = await join("ada"), await join("ben")
    request = ConversationCreate(title="Engines", client_id=uuid4())
    made = await ada.rest.create(request)
    again = await ada.rest.create(request)
    joined = await ben.rest.join(made.join_code or "")
    key = ClientMessageId(uuid4())
    sent = await ada.rest.send(SendRequest(conversation_id=made.id, client_message_id=key, content="hello"))

    assert again.id == made.id == joined.id
    assert [item.id for item in await ben.rest.conversations()] == [made.id]
    assert {member.user_id for member in await ben.rest.members(made.id)} == {ada.account.id, ben.account.id}
    assert (await ben.rest.messages(made.id)).items[-1].id == sent.id
    assert (await ben.rest.conversation(made.id)).unread == 1
    await ben.rest.mark(made.id, ReceiptUpdate(read_seq=sent.seq))
    assert (await ben.rest.conversation(made.id)).unread == 0
    with pytest.raises(ConflictError):
        await ada.rest.send(SendRequest(conversation_id=made.id, client_message_id=key, content="other"))
    with pytest.raises(NotFoundError):
        await ben.rest.conversation(UUID(int=9))


async def test_the_configuration_is_open_to_everybody(platform: Standalone, reach: Reach) -> None:
    transport = reach(platform.url)

    assert (await Rest(transport, Session(transport, MemoryStore())).config()).sign_up == "open"


@pytest.fixture
async def foreign_server() -> AsyncIterator[str]:
    """A server that is no messaging platform: a page for everything, and 503 without a problem at one place."""

    async def _answer(request: web.Request) -> web.Response:
        if request.path == "/user/me":
            return web.Response(status=503, text="busy", headers={"Retry-After": "7"})
        return web.Response(status=404 if request.path == "/conversation" else 200, text="<html>Welcome</html>")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", _answer)
    runner = web.AppRunner(application)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await runner.cleanup()


async def test_what_is_no_messaging_platform_is_told_from_one_that_refuses(
    foreign_server: str, join: Join, reach: Reach
) -> None:
    ada = await join("ada")
    transport = reach(foreign_server)
    rest = Rest(transport, ada.session)

    with pytest.raises(BadAnswerError, match="address"):
        await rest.config()
    with pytest.raises(BadAnswerError, match="404"):
        await rest.conversations()
    with pytest.raises(UnavailableError) as caught:
        await rest.me()
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


async def test_a_server_that_does_not_answer_is_unreachable(reach: Reach) -> None:
    transport = reach("http://127.0.0.1:9")

    with pytest.raises(UnreachableError, match="does not answer"):
        await Rest(transport, Session(transport, MemoryStore())).config()
