"""Lines for a terminal. What people wrote is shown as text: nothing in it can move the cursor or colour the screen."""

import unicodedata
from collections.abc import Mapping
from datetime import tzinfo

from messaging_wire.conversation import Conversation, Invitation
from messaging_wire.ids import UserId
from messaging_wire.message import Message

NOBODY = "Deleted person"
"""How somebody is shown who has no name any more."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
INDENT = "    "
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str, *, single_line: bool = False) -> str:
    """Make a text safe to print: control characters and overrides of the writing direction become visible.

    Line feeds stay, with the next line indented, so that no line of a message can pass for another message.
    """
    kept = "".join(
        character if character == "\n" or not _controls(character) else REPLACEMENT
        for character in text.replace("\t", " ")
    )
    return kept.replace("\n", " " if single_line else f"\n{INDENT}")


def message_line(message: Message, names: Mapping[UserId, str], *, zone: tzinfo | None = None) -> str:
    """One message: its number, time, sender and text; `zone` is the terminal's unless it is given."""
    name = plain(names.get(message.sender_id, str(message.sender_id)), single_line=True)
    head = f"#{message.seq} {message.created_at.astimezone(zone):%Y-%m-%d %H:%M}"
    if message.deleted_at is not None:
        return f"{head} {name} deleted this message"
    if message.kind == "system":
        return f"{head} * {plain(message.content, single_line=True)}"
    edited = " (edited)" if message.edited_at is not None else ""
    return f"{head} {name}: {plain(message.content)}{edited}"


def conversation_line(conversation: Conversation) -> str:
    """One conversation: its id, its title and what is unread."""
    unread = f" ({conversation.unread} unread)" if conversation.unread else ""
    members = "1 member" if conversation.member_count == 1 else f"{conversation.member_count} members"
    return f"{conversation.id}  {title(conversation)}  {members}{unread}"


def invitation_line(invitation: Invitation) -> str:
    """One invitation: the group's id and title, and who invites."""
    return f"{invitation.conversation_id}  {name(invitation.title)}  from @{name(invitation.inviter.username)}"


def name(text: str) -> str:
    """A name or a title on one line."""
    return plain(text, single_line=True)


def title(conversation: Conversation) -> str:
    """What a conversation is called: its title, or the other person's name."""
    if conversation.peer is not None and not conversation.peer.username:
        return NOBODY
    if conversation.peer is not None:
        return f"@{plain(conversation.peer.username, single_line=True)}"
    return plain(conversation.title or "notes to self", single_line=True)


def _controls(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI_CONTROLS
