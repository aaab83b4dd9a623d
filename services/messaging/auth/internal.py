"""Routes between services, on the admin port that the gateway does not route."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from messaging_wire.auth import AccountDelete, DeletionReceipt, Grant, GrantRequest, RevocationPage

from messaging.auth.clients import client_of
from messaging.auth.feed import RevocationFeed
from messaging.auth.grants import Grants
from messaging.auth.service import AuthService
from messaging.auth.signing import Keyring
from messaging.kernel.identity import CurrentCaller

router = APIRouter(prefix="/internal")


@router.get("/jwks")
async def jwks(request: Request) -> dict[str, Any]:
    """The public signing keys."""
    keyring: Keyring = request.app.state.keyring
    return keyring.jwks()


@router.get("/revocations")
async def revocations(request: Request, after: Annotated[int, Query(ge=0)] = 0) -> RevocationPage:
    """The revocation feed behind a position."""
    feed: RevocationFeed = request.app.state.feed
    return await feed.after(after)


@router.post("/token")
async def exchange_token(request: Request, body: GrantRequest) -> Grant:
    """Exchange a caller's own access token for a read-only grant, or renew one (RFC 8693)."""
    grants: Grants = request.app.state.grants
    return await grants.exchange(body)


@router.post("/account/delete", status_code=202)
async def delete_account(request: Request, body: AccountDelete, caller: CurrentCaller) -> DeletionReceipt:
    """POST /auth/account/delete for the user service, which hands on the caller's own token and address."""
    service: AuthService = request.app.state.auth
    return await service.deletion.delete(caller, body, client_of(request, service.settings.trusted_hops))
