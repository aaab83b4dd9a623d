"""Routes of the user service, as the gateway reaches them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.problems import FieldProblem
from messaging_wire.user import Profile, ProfileUpdate

from messaging.kernel.errors import ProblemError
from messaging.kernel.identity import CurrentCaller
from messaging.user.service import UserService

router = APIRouter(prefix="/api/user")

MAX_IDS = 100
Ids = Annotated[list[str], Query(description="Up to 100 ids, repeated or separated by commas")]


async def _service(request: Request) -> UserService:
    service: UserService = request.app.state.user
    return service


Service = Annotated[UserService, Depends(_service)]


@router.get("", summary="Profiles by their ids")
async def list_profiles(caller: CurrentCaller, service: Service, ids: Ids) -> Page[Profile]:
    """In the order asked for; ids that nobody has are left out."""
    return Page(items=await service.by_ids(caller, _parse_ids(ids)))


@router.get("/me", summary="My own profile, with my e-mail address")
async def own_profile(caller: CurrentCaller, service: Service) -> Profile:
    """Right after sign-up it waits a moment for the profile; 503 with `Retry-After` where that takes longer."""
    return await service.own(caller)


@router.get("/by-username/{username}", summary="A person's profile by user name, in any case")
async def profile_by_username(
    username: Annotated[str, Path(max_length=50)], caller: CurrentCaller, service: Service
) -> Profile:
    """404 where nobody has that name."""
    return await service.by_username(caller, username)


@router.get("/{user_id}", summary="A person's profile")
async def profile(user_id: UUID, caller: CurrentCaller, service: Service) -> Profile:
    """404 where nobody has that id."""
    return await service.by_id(caller, user_id)


@router.put("/{user_id}", summary="Change my own profile")
async def change_profile(user_id: UUID, body: ProfileUpdate, caller: CurrentCaller, service: Service) -> Profile:
    """What is absent stays as it is; another's profile is 403."""
    return await service.change(caller, user_id, body)


def _parse_ids(ids: list[str]) -> list[UUID]:
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
