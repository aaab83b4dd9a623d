"""Routes about conversations as such, and about reading what was said in them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from messaging_wire import problems
from messaging_wire.base import Page, Time
from messaging_wire.conversation import (
    Conversation,
    ConversationCreate,
    ConversationDetail,
    ConversationUpdate,
    JoinCode,
    JoinRequest,
)
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.message import ChangePage, Message, MessagePage

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.message.api.dependencies import TURN, Service, written
from messaging.message.service.messages import Where

router = APIRouter(prefix="/api/conversation")

Seq = Annotated[int | None, Query(ge=0)]
Moment = Annotated[Time | None, Query(description="From the first message at or after this time")]


async def _where(after_seq: Seq = None, before_seq: Seq = None, around_seq: Seq = None, at: Moment = None) -> Where:
    return Where(after_seq=after_seq, before_seq=before_seq, around_seq=around_seq, at=at)


@router.post(
    "",
    status_code=201,
    responses={200: {"model": Conversation, "description": "It was there already"}},
    dependencies=TURN,
)
async def create_conversation(
    request: ConversationCreate, caller: CurrentCaller, service: Service, response: Response
) -> Conversation:
    """Make a group, or a direct conversation with one person; a repeated client_id gives the same one.

    Those of a group's `member_ids` who are my contacts come in at once, others get an invitation to accept.
    """
    conversation, created = await service.creation.create(caller, request)
    response.status_code = 201 if created else 200
    return conversation


@router.get("")
async def list_conversations(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Conversation]:
    """List my conversations, latest activity first."""
    return await service.conversations.page(caller, limit=limit, cursor=cursor)


@router.get("/by-user-id/{user_id}")
async def list_conversations_by_user_id(
    user_id: UserId, caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Conversation]:
    """List my conversations by my own id; anybody else's id is not found."""
    if user_id != caller.user_id:
        raise ProblemError(problems.NOT_FOUND)
    return await service.conversations.page(caller, limit=limit, cursor=cursor)


@router.post("/join", dependencies=TURN)
async def join_conversation(request: JoinRequest, caller: CurrentCaller, service: Service) -> Conversation:
    """Join a group by its join code."""
    return await service.membership.join(caller, request.join_code)


@router.get("/{conversation_id}")
async def read_conversation(
    conversation_id: ConversationId, caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT
) -> ConversationDetail:
    """Read a conversation with up to 50 members and its latest messages."""
    return await service.conversations.detail(caller, conversation_id, limit)


@router.put("/{conversation_id}", dependencies=TURN)
async def update_conversation(
    conversation_id: ConversationId, request: ConversationUpdate, caller: CurrentCaller, service: Service
) -> Conversation:
    """Change a group's title, description, or who may write (owner and admins)."""
    return await service.conversations.update(caller, conversation_id, request)


@router.delete("/{conversation_id}", status_code=204, dependencies=TURN)
async def delete_conversation(conversation_id: ConversationId, caller: CurrentCaller, service: Service) -> None:
    """Delete a group (owner), or put a direct conversation aside until its next message."""
    await service.conversations.delete(caller, conversation_id)


@router.post("/{conversation_id}/join-code", dependencies=TURN)
async def renew_join_code(conversation_id: ConversationId, caller: CurrentCaller, service: Service) -> JoinCode:
    """Give a group a new join code; the old one ends (owner and admins)."""
    return await service.conversations.renew_code(caller, conversation_id)


@router.delete("/{conversation_id}/join-code", status_code=204, dependencies=TURN)
async def disable_join_code(conversation_id: ConversationId, caller: CurrentCaller, service: Service) -> None:
    """Take a group's join code away (owner and admins)."""
    await service.conversations.disable_code(caller, conversation_id)


@router.get("/{conversation_id}/messages", response_model=MessagePage)
async def read_history(
    conversation_id: ConversationId,
    caller: CurrentCaller,
    service: Service,
    where: Annotated[Where, Depends(_where)],
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Read a page of a conversation, ascending; without a place the newest page."""
    return written(await service.messages.history(caller, conversation_id, where, limit))


@router.get("/{conversation_id}/changes", response_model=ChangePage)
async def read_changes(
    conversation_id: ConversationId,
    caller: CurrentCaller,
    service: Service,
    after_rev: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Read messages that were made or changed behind a rev, in rev order."""
    return written(await service.messages.changes(caller, conversation_id, after_rev, limit))


@router.get("/{conversation_id}/pins")
async def list_pins(conversation_id: ConversationId, caller: CurrentCaller, service: Service) -> Page[Message]:
    """List the pinned messages, the last pinned first; they all fit one page."""
    return await service.pins.page(caller, conversation_id)
