"""Routes about messages by their own ids."""

from fastapi import APIRouter, Response
from messaging_wire.base import Page
from messaging_wire.ids import MessageId
from messaging_wire.message import EditRequest, Message, SendRequest

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Limit
from messaging.message.api.dependencies import Service

router = APIRouter(prefix="/api/message")


@router.post("", status_code=201, responses={200: {"model": Message, "description": "It was stored already"}})
async def send_message(request: SendRequest, caller: CurrentCaller, service: Service, response: Response) -> Message:
    """Send a message; the same client_message_id again gives the message as it is now."""
    sent = await service.send(caller, request)
    response.status_code = 201 if sent.created else 200
    return sent.message


@router.get("")
async def list_newest_messages(caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT) -> Page[Message]:
    """List the newest messages of all my conversations, newest first; older ones stand in each one's history."""
    return await service.messages.newest(caller, limit)


@router.get("/{message_id}")
async def read_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> Message:
    """Read a message."""
    return await service.messages.read(caller, message_id)


@router.put("/{message_id}")
async def edit_message(message_id: MessageId, request: EditRequest, caller: CurrentCaller, service: Service) -> Message:
    """Edit a message of mine within the configured time."""
    return await service.messages.edit(caller, message_id, request.content)


@router.delete("/{message_id}", status_code=204)
async def delete_message(message_id: MessageId, caller: CurrentCaller, service: Service) -> None:
    """Delete a message (its sender, the owner or an admin): a tombstone keeps its number."""
    await service.messages.delete(caller, message_id)
