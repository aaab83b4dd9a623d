"""Names of people in system messages: who is named there, and how a name is taken out again."""

from uuid import UUID

from messaging_wire.ids import UserId

from messaging.kernel.purging import NOBODY
from messaging.message.tables import MessageRow, NamedPersonRow

_OBJECT_FOLLOWS = ("added", "removed", "made")


def named(message: MessageRow, user_id: UUID) -> NamedPersonRow:
    """Note that a system message names somebody who did not do it."""
    return NamedPersonRow(message_id=message.id, user_id=UserId(user_id))


def without_name(content: str, username: str) -> str:
    """The text of a system message with `NOBODY` in the place of a person.

    Names have no blanks and stand first, or behind what was done to them; a title never stands there.
    """
    words = content.split(" ")
    if words[0] == username:
        words[0] = NOBODY
    if len(words) > 2 and words[1] in _OBJECT_FOLLOWS and words[2] == username:
        words[2] = NOBODY
    return " ".join(words)
