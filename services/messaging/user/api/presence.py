"""Routes about who is there."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from messaging_wire.base import Page
from messaging_wire.user import Presence

from messaging.kernel.identity import CurrentCaller, bearer_token
from messaging.user.api.dependencies import Service
from messaging.user.api.profiles import parse_ids

router = APIRouter(prefix="/api/user/presence")

Ids = Annotated[list[str], Query(description="Up to 100 ids, repeated or separated by commas")]


@router.get("", summary="Who is there")
async def presence(caller: CurrentCaller, service: Service, ids: Ids, request: Request) -> Page[Presence]:
    """Of contacts and fellow members, in the order asked for; others, and who has blocked me, are left out."""
    token = bearer_token(request) or ""
    return Page(items=await service.presence.of(caller, token, parse_ids(ids)))
