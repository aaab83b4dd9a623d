"""Routes of the auth service, as the gateway reaches them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from messaging_wire import problems
from messaging_wire.auth import (
    AccountDelete,
    AuthConfig,
    DeletionProgress,
    DeletionQuery,
    DeletionReceipt,
    LoginRequest,
    Refreshed,
    RefreshRequest,
    Session,
    SignedIn,
    SignUpRequest,
)
from messaging_wire.base import Page

from messaging.auth.clients import Client, client_of
from messaging.auth.service import AuthService
from messaging.auth.signing import Keyring
from messaging.auth.tables import SessionRow
from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller, bearer_token
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from messaging.kernel.tokens import CallerVerifier, invalid_token

router = APIRouter(prefix="/api/auth")

JWKS_CACHE = "public, max-age=60"


async def _service(request: Request) -> AuthService:
    service: AuthService = request.app.state.auth
    return service


Service = Annotated[AuthService, Depends(_service)]


async def _client(request: Request, service: Service) -> Client:
    return client_of(request, service.settings.trusted_hops)


RequestClient = Annotated[Client, Depends(_client)]


async def _no_store(response: Response) -> None:
    """Keep answers with tokens out of every cache (RFC 6749, section 5.1)."""
    response.headers["Cache-Control"] = "no-store"


no_store = Depends(_no_store)


@router.get("/config", summary="What a client must know before anybody has signed in")
async def config(service: Service) -> AuthConfig:
    """Open to everybody."""
    return await service.config()


@router.post("/signUp", status_code=201, dependencies=[no_store], summary="Make an account and sign in")
async def sign_up(body: SignUpRequest, service: Service, client: RequestClient) -> SignedIn:
    """Open to everybody, where sign-up is open; 409 `username-taken`."""
    return await service.sign_up(body, client)


@router.post("/login", dependencies=[no_store], summary="Sign in by user name or verified e-mail address, and password")
async def log_in(body: LoginRequest, service: Service, client: RequestClient) -> SignedIn:
    """Open to everybody; 401 `invalid-credentials`, 429 after too many failures."""
    return await service.log_in(body, client)


@router.post("/refresh", dependencies=[no_store], summary="Rotate the refresh token")
async def refresh(body: RefreshRequest, service: Service) -> Refreshed:
    """Open to who has the token. Single use; a repeat within 30 s gets the same answer again."""
    return Refreshed(tokens=await service.sessions.refresh(body.refresh_token.get_secret_value()))


@router.post("/logout", status_code=204, response_class=Response, summary="End this session")
async def log_out(request: Request, service: Service, body: RefreshRequest | None = None) -> None:
    """By an access token, or by a refresh token alone, which also works when the access token has expired."""
    token = bearer_token(request)
    if body is not None:
        await service.sessions.end_by_token(body.refresh_token.get_secret_value())
    elif token is None:
        raise invalid_token("an access token or a refresh token is needed")
    if token is None:
        return
    verifier: CallerVerifier = request.app.state.verifier
    try:
        caller = verifier.caller(token)
    except ProblemError:
        if body is None:
            raise
        return
    await service.sessions.end(caller.user_id, caller.session_id)


@router.get("/sessions", summary="My sessions, newest first")
async def list_sessions(
    caller: CurrentCaller, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[Session]:
    """Those that have neither ended nor expired."""
    before = _uuid_of(cursor) if cursor else None
    rows = await service.sessions.live_of(caller.user_id, before=before, limit=limit + 1)
    return Page(
        items=[_session(row, current=row.id == caller.session_id) for row in rows[:limit]],
        next_cursor=encode_cursor([str(rows[limit - 1].id)]) if len(rows) > limit else None,
    )


@router.delete("/sessions/{session_id}", status_code=204, response_class=Response, summary="End one of my sessions")
async def end_session(session_id: UUID, caller: CurrentCaller, service: Service) -> None:
    """404 where it is not mine, or has ended already."""
    if not await service.sessions.end(caller.user_id, session_id):
        raise ProblemError(problems.NOT_FOUND)


@router.delete("/sessions", status_code=204, response_class=Response, summary="End all my other sessions")
async def end_other_sessions(caller: CurrentCaller, service: Service) -> None:
    """The asking session stays."""
    await service.sessions.end_others(caller.user_id, kept=caller.session_id)


@router.post("/account/delete", status_code=202, dependencies=[no_store], summary="Delete my account")
async def delete_account(
    body: AccountDelete, caller: CurrentCaller, service: Service, client: RequestClient
) -> DeletionReceipt:
    """Ends it at once and removes what is held of it everywhere; 401 `invalid-credentials` for a wrong password."""
    return await service.deletion.delete(caller, body, client)


@router.post("/account/deletion", dependencies=[no_store], summary="How far the deletion of an account is")
async def deletion_progress(body: DeletionQuery, service: Service, client: RequestClient) -> DeletionProgress:
    """Open to who has the receipt, for 30 days; 404 for any other, 429 after too many of those."""
    return await service.deletion.progress(body.receipt.get_secret_value(), client)


@router.get("/.well-known/jwks.json", summary="The public keys that access tokens are signed with")
async def jwks(request: Request, response: Response) -> dict[str, Any]:
    """Open to everybody (RFC 7517)."""
    keyring: Keyring = request.app.state.keyring
    response.headers["Cache-Control"] = JWKS_CACHE
    return keyring.jwks()


def _session(row: SessionRow, *, current: bool) -> Session:
    return Session(
        id=str(row.id),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        user_agent=row.user_agent,
        ip=row.address,
        current=current,
    )


def _uuid_of(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, str)
    try:
        return UUID(text)
    except ValueError:
        raise ProblemError(problems.INVALID_FIELDS, "the cursor is not one of this list") from None
