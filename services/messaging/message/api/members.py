"""Routes about the members of a conversation and how far they have come."""

from fastapi import APIRouter
from messaging_wire.base import Page
from messaging_wire.conversation import LevelUpdate, Me, Member, MemberUpdate, Receipt, ReceiptUpdate
from messaging_wire.ids import ConversationId, UserId

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.message.api.dependencies import TURN, Service

router = APIRouter(prefix="/api/conversation/{conversation_id}")


@router.get("/members")
async def list_members(
    conversation_id: ConversationId,
    caller: CurrentCaller,
    service: Service,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Member]:
    """List the members."""
    return await service.membership.page(caller, conversation_id, limit=limit, cursor=cursor)


@router.put("/members/{user_id}", dependencies=TURN)
async def set_member_role(
    conversation_id: ConversationId, user_id: UserId, request: MemberUpdate, caller: CurrentCaller, service: Service
) -> Member:
    """Make somebody admin or member, or hand over by making them owner (owner)."""
    return await service.membership.set_role(caller, conversation_id, user_id, request.role)


@router.delete("/members/{user_id}", status_code=204, dependencies=TURN)
async def remove_member(
    conversation_id: ConversationId, user_id: UserId, caller: CurrentCaller, service: Service
) -> None:
    """Leave, by my own id, or remove somebody (the owner anybody, admins members)."""
    await service.membership.remove(caller, conversation_id, user_id)


@router.put("/notifications", dependencies=TURN)
async def set_level(
    conversation_id: ConversationId, request: LevelUpdate, caller: CurrentCaller, service: Service
) -> Me:
    """Choose what I am told of in this conversation, and until when nothing at all."""
    return await service.levels.set(caller, conversation_id, request)


@router.put("/receipt")
async def mark_receipt(
    conversation_id: ConversationId, request: ReceiptUpdate, caller: CurrentCaller, service: Service
) -> Receipt:
    """Say how far I have received and read; a lower value changes nothing."""
    return await service.receipts.mark(
        caller.user_id, conversation_id, delivered_seq=request.delivered_seq, read_seq=request.read_seq
    )


@router.get("/receipts")
async def list_receipts(
    conversation_id: ConversationId,
    caller: CurrentCaller,
    service: Service,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Receipt]:
    """List how far everybody has come; members who send no receipts are left out."""
    return await service.membership.receipts(caller, conversation_id, limit=limit, cursor=cursor)
