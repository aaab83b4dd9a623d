"""What routes get from the application."""

from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

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


def written(answer: BaseModel) -> Response:
    """An answer of ours as it is: the framework would check and copy a long page of messages once more."""
    return Response(answer.model_dump_json(), media_type="application/json")
