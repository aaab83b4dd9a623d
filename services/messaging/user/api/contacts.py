"""Routes about contacts, requests to be one, and blocks."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from messaging_wire.base import Page
from messaging_wire.ids import UserId
from messaging_wire.user import Block, Contact, ContactCreate, RequestAnswer, RequestDirection

from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.user.api.dependencies import Service

router = APIRouter(prefix="/api/user")

Direction = Annotated[RequestDirection, Query(description="Requests to me, or mine to others")]


@router.get("/contacts", summary="My contacts")
async def list_contacts(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Contact]:
    """In the order of their ids."""
    return await service.relations.contacts(caller, limit=limit, cursor=cursor)


@router.post("/contacts", status_code=201, summary="Ask somebody to be a contact")
async def request_contact(body: ContactCreate, caller: CurrentCaller, service: Service, response: Response) -> Contact:
    """A request until they accept; who has asked me becomes a contact at once. Asking again gives 200 and the same."""
    contact, is_new = await service.relations.request(caller, body.user_id)
    if not is_new:
        response.status_code = 200
    return contact


@router.get("/contacts/requests", summary="Open requests")
async def list_requests(
    caller: CurrentCaller,
    service: Service,
    direction: Direction = "incoming",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Contact]:
    """Newest first."""
    return await service.relations.requests(caller, direction, limit=limit, cursor=cursor)


@router.put("/contacts/requests/{user_id}", status_code=204, summary="Accept or decline a request")
async def answer_request(user_id: UserId, body: RequestAnswer, caller: CurrentCaller, service: Service) -> None:
    """Again changes nothing; 404 where there is nothing to accept."""
    await service.relations.answer(caller, user_id, accept=body.accept)


@router.delete("/contacts/{user_id}", status_code=204, summary="Remove a contact, or withdraw my request")
async def remove_contact(user_id: UserId, caller: CurrentCaller, service: Service) -> None:
    """For both; again changes nothing."""
    await service.relations.remove(caller, user_id)


@router.get("/blocks", summary="Whom I have blocked")
async def list_blocks(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Block]:
    """In the order of their ids."""
    return await service.relations.blocks(caller, limit=limit, cursor=cursor)


@router.put("/blocks/{user_id}", status_code=204, summary="Block somebody")
async def block(user_id: UserId, caller: CurrentCaller, service: Service) -> None:
    """They are no contact any more; requests of both go. They are not told."""
    await service.relations.block(caller, user_id)


@router.delete("/blocks/{user_id}", status_code=204, summary="Take a block back")
async def unblock(user_id: UserId, caller: CurrentCaller, service: Service) -> None:
    """Who was a contact before has to be asked again."""
    await service.relations.unblock(caller, user_id)
