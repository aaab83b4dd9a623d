"""What travels by REST to and from the user service."""

from typing import Annotated

from pydantic import StringConstraints

from messaging_wire.base import Answer, Request, ShortLine, Text, Time
from messaging_wire.ids import UserId


class Profile(Answer):
    """What people see of a person; `email` only in one's own."""

    id: UserId
    username: str
    display_name: str
    bio: str
    avatar_url: str | None = None
    created_at: Time
    email: str | None = None


class ProfileUpdate(Request):
    """Body of PUT /user/{id}; what is absent stays as it is."""

    display_name: ShortLine | None = None
    bio: Annotated[Text, StringConstraints(max_length=1000)] | None = None
