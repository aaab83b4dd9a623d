"""Routes about adding people to a group and about invitations; ahead of `conversations.py`, whose ids are any text."""

from typing import Any, Final

from fastapi import APIRouter, Response
from messaging_wire.base import Page
from messaging_wire.conversation import (
    Conversation,
    Invitation,
    InvitationAnswer,
    Member,
    MemberAdd,
    SentInvitation,
)
from messaging_wire.ids import ConversationId, UserId

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.message.api.dependencies import TURN, Service

router = APIRouter(prefix="/api/conversation")

ADDED: Final[dict[int | str, dict[str, Any]]] = {
    201: {"model": Member, "description": "A contact of mine has come in"},
    200: {"model": Member, "description": "They were a member already"},
    202: {"model": SentInvitation, "description": "They are invited, or were already"},
}
ANSWERED: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "Declined"}}


@router.get("/invitations")
async def list_my_invitations(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Invitation]:
    """List the invitations that wait for my answer, newest first."""
    return await service.invitations.mine(caller, limit=limit, cursor=cursor)


@router.put("/invitations/{conversation_id}", response_model=Conversation, responses=ANSWERED, dependencies=TURN)
async def answer_invitation(
    conversation_id: ConversationId, request: InvitationAnswer, caller: CurrentCaller, service: Service
) -> Conversation | Response:
    """Come into a group that I am invited to, or decline."""
    if request.accept:
        return await service.invitations.accept(caller, conversation_id)
    await service.invitations.refuse(caller, conversation_id)
    return Response(status_code=204)


@router.post(
    "/{conversation_id}/members",
    status_code=201,
    response_model=Member | SentInvitation,
    responses=ADDED,
    dependencies=TURN,
)
async def add_member(
    conversation_id: ConversationId, request: MemberAdd, caller: CurrentCaller, service: Service, response: Response
) -> Member | SentInvitation:
    """Add somebody (owner and admins): a contact of mine comes in at once, anybody else is invited."""
    added = await service.invitations.add(caller, conversation_id, request.user_id)
    if isinstance(added, SentInvitation):
        response.status_code = 202
        return added
    member, is_new = added
    response.status_code = 201 if is_new else 200
    return member


@router.get("/{conversation_id}/invitations")
async def list_sent_invitations(
    conversation_id: ConversationId,
    caller: CurrentCaller,
    service: Service,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[SentInvitation]:
    """List a group's invitations that wait for an answer (owner and admins)."""
    return await service.invitations.of_group(caller, conversation_id, limit=limit, cursor=cursor)


@router.delete("/{conversation_id}/invitations/{user_id}", status_code=204, dependencies=TURN)
async def withdraw_invitation(
    conversation_id: ConversationId, user_id: UserId, caller: CurrentCaller, service: Service
) -> None:
    """Take an invitation back (owner and admins)."""
    await service.invitations.withdraw(caller, conversation_id, user_id)
