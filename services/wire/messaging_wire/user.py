"""What travels by REST to and from the user service."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from messaging_wire.base import Answer, Request, ShortLine, Text, Time
from messaging_wire.events import DirectMessages
from messaging_wire.ids import MessageId, ReportId, UserId

ContactState = Literal["contact", "incoming", "outgoing"]
RequestDirection = Literal["incoming", "outgoing"]
PresenceState = Literal["online", "away", "offline"]
ReportReason = Literal["spam", "abuse", "impersonation", "illegal", "other"]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""A language tag, such as `en` or `pt-BR` (RFC 5646)."""
TimeZone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", max_length=64)]
"""A name of the IANA time zone database, such as `Europe/Zurich`."""


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


class PersonCard(Answer):
    """A person in a list."""

    user_id: UserId
    username: str
    display_name: str
    avatar_url: str | None = None


class ContactCreate(Request):
    """Body of POST /user/contacts."""

    user_id: UserId


class Contact(PersonCard):
    """A contact, or a request to be one: `incoming` waits for my answer, `outgoing` for theirs.

    `created_at` is when it became so.
    """

    state: ContactState
    created_at: Time


class RequestAnswer(Request):
    """Body of PUT /user/contacts/requests/{user_id}."""

    accept: bool


class Block(PersonCard):
    """Somebody whom I have blocked."""

    created_at: Time


class Preferences(Answer):
    """What a person has chosen."""

    discoverable: bool
    direct_messages: DirectMessages
    show_presence: bool
    send_read_receipts: bool
    locale: str
    time_zone: str


class PreferencesUpdate(Request):
    """Body of PUT /user/preferences; what is absent stays as it is."""

    discoverable: bool | None = None
    direct_messages: DirectMessages | None = None
    show_presence: bool | None = None
    send_read_receipts: bool | None = None
    locale: Locale | None = None
    time_zone: TimeZone | None = None


class Presence(Answer):
    """Whether a person is there; also the payload of the server event `presence`.

    `last_seen_at` is when their last socket closed, null while one is open or where they do not show it.
    """

    user_id: UserId
    state: PresenceState
    last_seen_at: Time | None = None


class Fellows(Answer):
    """Between services: those of some people who share a conversation with the caller."""

    user_ids: list[UserId]


class ReportCreate(Request):
    """Body of POST /user/reports: exactly one of the two ids."""

    user_id: UserId | None = None
    message_id: MessageId | None = None
    reason: ReportReason
    text: Annotated[Text, StringConstraints(max_length=2000)] = Field(default="")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.user_id is None) == (self.message_id is None):
            raise ValueError("must name either user_id or message_id")
        return self


class Report(Answer):
    """What somebody told the administrators."""

    id: ReportId
    reporter_id: UserId
    user_id: UserId | None = None
    message_id: MessageId | None = None
    reason: ReportReason
    text: str
    created_at: Time
