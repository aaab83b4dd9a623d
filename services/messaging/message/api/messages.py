"""Routes about messages by their own ids."""

from fastapi import APIRouter, Response
from messaging_wire.base import Page
from messaging_wire.ids import MessageId
from messaging_wire.message import EditRequest, Message, MessageVersion, SendRequest

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.message.api.dependencies import Service

router = APIRouter(prefix="/api/message")


@router.post(
    "",
    status_code=201,
    response_model=Message,
    responses={200: {"model": Message, "description": "It was stored already"}},
)
async def send_message(request: SendRequest, caller: CurrentCaller, service: Service) -> Response:
    """Send a message; the same client_message_id again gives the message as it is now."""
    sent = await service.send(caller, request)
    return Response(sent.message.json, 201 if sent.created else 200, media_type="application/json")


@router.get("")
async def list_newest_messages(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Message]:
    """List the messages of all my conversations, newest first."""
    return await service.feed.page(caller, limit=limit, cursor=cursor)


@router.get("/{message_id}")
async def read_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> Message:
    """Read a message."""
    return await service.messages.read(caller, message_id)


@router.put("/{message_id}")
async def edit_message(message_id: MessageId, request: EditRequest, caller: CurrentCaller, service: Service) -> Message:
    """Edit a message of mine within the configured time."""
    service.take_turn(caller)
    return await service.messages.edit(caller, message_id, request.content)


@router.delete("/{message_id}", status_code=204)
async def delete_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> None:
    """Delete a message (its sender, the owner or an admin): a tombstone keeps its number."""
    await service.messages.delete(caller, message_id)


@router.get("/{message_id}/versions")
async def list_message_versions(
    message_id: MessageId, caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[MessageVersion]:
    """List the former texts of a message of mine, the oldest first."""
    return await service.messages.versions(caller, message_id, limit=limit, cursor=cursor)


@router.put("/{message_id}/reactions/{emoji}")
async def add_reaction(message_id: MessageId, emoji: str, caller: CurrentCaller, service: Service) -> Message:
    """React with one emoji of the set that Unicode recommends (RGI); again changes nothing."""
    service.take_turn(caller)
    return await service.reactions.add(caller, message_id, emoji)


@router.delete("/{message_id}/reactions/{emoji}", status_code=204)
async def remove_reaction(message_id: MessageId, emoji: str, caller: CurrentCaller, service: Service) -> None:
    """Take a reaction of mine back."""
    service.take_turn(caller)
    await service.reactions.remove(caller, message_id, emoji)


@router.put("/{message_id}/pin")
async def pin_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> Message:
    """Pin a message (owner and admins; in a direct conversation both); again changes nothing."""
    service.take_turn(caller)
    return await service.pins.pin(caller, message_id)


@router.delete("/{message_id}/pin", status_code=204)
async def unpin_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> None:
    """Unpin a message (owner and admins; in a direct conversation both)."""
    service.take_turn(caller)
    await service.pins.unpin(caller, message_id)
