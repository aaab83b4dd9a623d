"""What routes get from the application."""

from typing import Annotated

from fastapi import Depends, Request

from messaging.message.parts import MessageParts


async def _parts(request: Request) -> MessageParts:
    parts: MessageParts = request.app.state.message
    return parts


Service = Annotated[MessageParts, Depends(_parts)]
