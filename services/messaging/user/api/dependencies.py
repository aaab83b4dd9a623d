"""How routes get at the service."""

from typing import Annotated

from fastapi import Depends, Request

from messaging.user.parts import UserParts


async def _parts(request: Request) -> UserParts:
    parts: UserParts = request.app.state.user
    return parts


Service = Annotated[UserParts, Depends(_parts)]
