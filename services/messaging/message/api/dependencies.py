"""What routes get from the application."""

from typing import Annotated

from fastapi import Depends, Request

from messaging.kernel.identity import CurrentCaller
from messaging.message.parts import MessageParts


async def _parts(request: Request) -> MessageParts:
    parts: MessageParts = request.app.state.message
    return parts


Service = Annotated[MessageParts, Depends(_parts)]


async def _take_turn(caller: CurrentCaller, service: Service) -> None:
    service.take_turn(caller)


TURN = [Depends(_take_turn)]
"""For routes that change something which others are told of: each counts as a message towards the person's rate."""
