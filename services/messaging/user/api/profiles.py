"""Routes about profiles; they come last, as `/{user_id}` takes whatever is one part long."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.problems import FieldProblem
from messaging_wire.user import Profile, ProfileUpdate
from pydantic import StringConstraints

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller
from messaging.kernel.paging import DEFAULT_LIMIT, Cursor, Limit
from messaging.user.api.dependencies import Service

router = APIRouter(prefix="/api/user")

MAX_IDS = 100
Ids = Annotated[list[str], Query(description="Up to 100 ids, repeated or separated by commas")]
Prefix = Annotated[
    str | None,
    Query(description="The beginning of a user name, in any case"),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
]


@router.get("", summary="Profiles by their ids, or of people who may be found")
async def list_profiles(
    caller: CurrentCaller,
    service: Service,
    *,
    ids: Ids = [],  # noqa: B006 - FastAPI copies it
    query: Prefix = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Profile]:
    """By ids: in the order asked for, without ids that nobody has. By `query`: by user name."""
    if query is not None:
        return await service.profiles.search(caller, query, limit=limit, cursor=cursor)
    return Page(items=await service.profiles.by_ids(caller, parse_ids(ids)))


@router.get("/me", summary="My own profile, with my e-mail address")
async def own_profile(caller: CurrentCaller, service: Service) -> Profile:
    """Right after sign-up it waits a moment for the profile; 503 with `Retry-After` where that takes longer."""
    return await service.profiles.own(caller)


@router.get("/by-username/{username}", summary="A person's profile by user name, in any case")
async def profile_by_username(
    username: Annotated[str, Path(max_length=50)], caller: CurrentCaller, service: Service
) -> Profile:
    """404 where nobody has that name."""
    return await service.profiles.by_username(caller, username)


@router.get("/{user_id}", summary="A person's profile")
async def profile(user_id: UUID, caller: CurrentCaller, service: Service) -> Profile:
    """404 where nobody has that id."""
    return await service.profiles.by_id(caller, user_id)


@router.put("/{user_id}", summary="Change my own profile")
async def change_profile(user_id: UUID, body: ProfileUpdate, caller: CurrentCaller, service: Service) -> Profile:
    """What is absent stays as it is; another's profile is 403."""
    return await service.profiles.change(caller, user_id, body)


def parse_ids(ids: list[str]) -> list[UUID]:
    """Read 1 to `MAX_IDS` ids, repeated or separated by commas.

    Raises:
        ProblemError: 422, there are none, too many, or other things among them.
    """
    parts = [part.strip() for entry in ids for part in entry.split(",") if part.strip()]
    try:
        found = [UUID(part) for part in parts]
    except ValueError:
        raise _invalid_ids("must be ids, separated by commas") from None
    if not 1 <= len(found) <= MAX_IDS:
        raise _invalid_ids(f"must be 1 to {MAX_IDS} ids")
    return found


def _invalid_ids(message: str) -> ProblemError:
    return ProblemError(problems.INVALID_FIELDS, errors=[FieldProblem(field="ids", message=message)])
