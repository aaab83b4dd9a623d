"""Routes about what a person has chosen."""

from fastapi import APIRouter
from messaging_wire.user import Preferences, PreferencesUpdate

from messaging.kernel.identity import CurrentCaller
from messaging.user.api.dependencies import Service

router = APIRouter(prefix="/api/user/preferences")


@router.get("", summary="What I have chosen")
async def preferences(caller: CurrentCaller, service: Service) -> Preferences:
    """`discoverable` begins as true only where sign-up is by invitation or closed."""
    return await service.profiles.preferences(caller)


@router.put("", summary="Choose")
async def choose(body: PreferencesUpdate, caller: CurrentCaller, service: Service) -> Preferences:
    """What is absent stays as it is."""
    return await service.profiles.choose(caller, body)
