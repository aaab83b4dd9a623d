"""Routes for other services, on the port that the gateway does not reach: an export's conversation, and fellows."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from messaging_wire import problems
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.user import Fellows

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller, bearer_token
from messaging.kernel.tokens import TokenVerifier, invalid_token
from messaging.message.service.exporting import ExportService
from messaging.message.service.fellows import FellowService

GRANT_AUDIENCE = "messaging-export"
GRANT_TYPE = "grant+jwt"
GRANT_SCOPE = "export"

router = APIRouter(prefix="/internal/export")
fellows = APIRouter(prefix="/internal/fellows")


async def _holder(conversation_id: ConversationId, request: Request) -> UserId:
    """Who may have this conversation exported, by the grant in the request."""
    token = bearer_token(request)
    if token is None:
        raise invalid_token("a grant is needed in the header Authorization")
    verifier: TokenVerifier = request.app.state.grants
    claims = verifier.claims(token)
    if claims.get("scope") != GRANT_SCOPE:
        raise invalid_token("the grant is for something else")
    try:
        granted, person = UUID(str(claims["conversation_id"])), UUID(str(claims["sub"]))
    except (KeyError, ValueError):
        raise invalid_token("the grant lacks claims") from None
    if granted != conversation_id:
        raise ProblemError(problems.NOT_FOUND)
    return UserId(person)


@router.get("/conversations/{conversation_id}")
async def stream_conversation(
    conversation_id: ConversationId, person: Annotated[UserId, Depends(_holder)], request: Request, head: bool = False
) -> StreamingResponse:
    """Stream NDJSON: the conversation as the person sees it, then its messages ascending, one object a line.

    With `head` the first line alone, for who only asks whether the person may read it. A stream that ends early,
    because the person lost access or the database went away, ends without its last chunk.
    """
    exports: ExportService = request.app.state.exports
    first = await exports.conversation(person, conversation_id)

    async def lines() -> AsyncIterator[bytes]:
        yield first.model_dump_json().encode() + b"\n"
        if head:
            return
        async for page in exports.pages(person, conversation_id, first.last_seq):
            yield b"".join(message.model_dump_json().encode() + b"\n" for message in page)

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@fellows.get("")
async def fellows_among(
    caller: CurrentCaller, ids: Annotated[list[UserId], Query(max_length=100)], request: Request
) -> Fellows:
    """Return those of up to 100 people who share a conversation with the caller, whose own token it takes."""
    service: FellowService = request.app.state.fellows
    return await service.among(caller, ids)
