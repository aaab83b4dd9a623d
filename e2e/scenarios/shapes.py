"""The shapes of docs/api.md: which fields an object has and what each may hold. Further fields are welcome."""

import re
from collections.abc import Callable, Mapping
from uuid import UUID

from e2e.scenarios.checks import ScenarioError

Check = Callable[[object], bool]
Shape = Mapping[str, Check]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_JOIN_CODE = re.compile(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){7}")


def conforms(value: object, shape: Shape, what: str) -> None:
    """Demand that `value` is an object with every field of `shape`; raises ScenarioError naming all that differ."""
    if not isinstance(value, dict):
        raise ScenarioError(f"{what} is no object: {value!r}")
    wrong = [f"{field}: missing" for field in shape if field not in value]
    wrong += [
        f"{field}: {value[field]!r}" for field, check in shape.items() if field in value and not check(value[field])
    ]
    if wrong:
        raise ScenarioError(f"{what} has not the shape of docs/api.md:\n  " + "\n  ".join(wrong))


def text(value: object) -> bool:
    """A string, maybe empty."""
    return isinstance(value, str)


def integer(value: object) -> bool:
    """A whole number from 0 up."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def fraction(value: object) -> bool:
    """A number from 0 to 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def flag(value: object) -> bool:
    """True or false."""
    return isinstance(value, bool)


def moment(value: object) -> bool:
    """RFC 3339 UTC with microseconds."""
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def platform_id(value: object) -> bool:
    """A UUID of version 7, as the platform makes them."""
    return client_id(value) and UUID(str(value)).version == 7


def client_id(value: object) -> bool:
    """A UUID of any version in its canonical form."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def join_code(value: object) -> bool:
    """Eight groups of four with dashes, 39 characters."""
    return isinstance(value, str) and _JOIN_CODE.fullmatch(value) is not None


def listing(value: object) -> bool:
    """A list."""
    return isinstance(value, list)


def mapping(value: object) -> bool:
    """An object."""
    return isinstance(value, dict)


def one_of(*allowed: str) -> Check:
    """One of these words."""
    return lambda value: value in allowed


def optional(check: Check) -> Check:
    """Null, or what `check` says."""
    return lambda value: value is None or check(value)


def shaped(shape: Shape) -> Check:
    """An object of that shape."""

    def check(value: object) -> bool:
        conforms(value, shape, "an inner object")
        return True

    return check


CONFIG: Shape = {
    "sign_up": one_of("open", "invite", "closed"),
    "email_verification": flag,
    "oidc": listing,
    "limits": mapping,
    "capabilities": listing,
    "epoch": text,
    "version": text,
    "min_client_version": text,
}
ACCOUNT: Shape = {"id": platform_id, "username": text, "email": text, "email_verified": flag}
TOKENS: Shape = {
    "access_token": text,
    "token_type": one_of("Bearer"),
    "expires_in": integer,
    "refresh_token": text,
    "refresh_expires_in": integer,
}
SESSION: Shape = {
    "id": text,
    "created_at": moment,
    "last_used_at": moment,
    "user_agent": text,
    "ip": text,
    "current": flag,
}
PROFILE: Shape = {
    "id": platform_id,
    "username": text,
    "display_name": text,
    "bio": text,
    "avatar_url": optional(text),
    "created_at": moment,
}
CONTACT: Shape = {
    "user_id": platform_id,
    "username": text,
    "display_name": text,
    "avatar_url": optional(text),
    "state": one_of("contact", "incoming", "outgoing"),
    "created_at": moment,
}
PRESENCE: Shape = {
    "user_id": platform_id,
    "state": one_of("online", "away", "offline"),
    "last_seen_at": optional(moment),
}
PREFERENCES: Shape = {
    "discoverable": flag,
    "direct_messages": one_of("everyone", "contacts"),
    "show_presence": flag,
    "send_read_receipts": flag,
    "locale": text,
    "time_zone": text,
}
MESSAGE: Shape = {
    "id": platform_id,
    "conversation_id": platform_id,
    "seq": integer,
    "rev": integer,
    "kind": one_of("text", "system"),
    "sender_id": platform_id,
    "client_message_id": optional(client_id),
    "content": text,
    "reply_to": optional(platform_id),
    "mentions": listing,
    "attachments": listing,
    "pinned": flag,
    "reactions": mapping,
    "created_at": moment,
    "edited_at": optional(moment),
    "deleted_at": optional(moment),
    "status": one_of("sent", "delivered", "read"),
}
ME: Shape = {
    "role": one_of("owner", "admin", "member"),
    "joined_seq": integer,
    "delivered_seq": integer,
    "read_seq": integer,
    "level": one_of("all", "mentions", "none"),
    "muted_until": optional(moment),
}
MEMBER: Shape = {
    "user_id": platform_id,
    "role": one_of("owner", "admin", "member"),
    "joined_at": moment,
    "delivered_seq": integer,
    "read_seq": integer,
}
CONVERSATION: Shape = {
    "id": platform_id,
    "kind": one_of("group", "direct"),
    "title": optional(text),
    "description": optional(text),
    "owner_id": optional(platform_id),
    "peer": optional(mapping),
    "join_code": optional(join_code),
    "created_at": moment,
    "last_activity_at": moment,
    "first_seq": integer,
    "last_seq": integer,
    "last_rev": integer,
    "member_count": integer,
    "unread": integer,
    "last_message": optional(shaped(MESSAGE)),
    "me": shaped(ME),
}
MESSAGE_PAGE: Shape = {"items": listing, "first_seq": integer, "last_seq": integer, "more": flag}
NOTIFICATION: Shape = {
    "id": platform_id,
    "kind": text,
    "title": text,
    "message": text,
    "count": integer,
    "created_at": moment,
    "updated_at": moment,
    "read_at": optional(moment),
}
EXPORT: Shape = {
    "id": platform_id,
    "option": one_of("csv", "json", "pdf"),
    "scope": text,
    "state": one_of("queued", "running", "ready", "failed", "cancelled"),
    "progress": fraction,
    "size_bytes": optional(integer),
    "created_at": moment,
    "expires_at": optional(moment),
}
