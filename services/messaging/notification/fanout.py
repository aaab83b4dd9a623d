"""New messages told to the members of their conversations: rows opened or advanced, many per statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging_wire.events import MessageCreated
from sqlalchemy import RowMapping
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.ids import new_id
from messaging.notification.changes import Change
from messaging.notification.store import activity, notifications
from messaging.notification.store.activity import MEMBERS_AT_ONCE, Conversation, Pair, Place

KINDS = ("message", "mention")


class FanOut:
    """Tells of one batch's new messages, whose activity has just been noted."""

    def __init__(self, session: AsyncSession, known: Mapping[UUID, Conversation], *, now: datetime) -> None:
        self._session = session
        self._known = known
        self._now = now
        self._by_conversation: dict[UUID, list[MessageCreated]] = {}
        self._previews: Mapping[Place, str] = {}

    async def tell(self, fresh: Mapping[Place, MessageCreated], previews: Mapping[Place, str]) -> list[Change]:
        """Open or advance a row for each member who has not read these messages; return the changes."""
        for _, message in sorted(fresh.items()):
            self._by_conversation.setdefault(message.conversation_id, []).append(message)
        self._previews = previews
        changes: list[Change] = []
        after: Pair | None = None
        while self._by_conversation:
            members = await activity.members_with_open_rows(self._session, list(self._by_conversation), after)
            changes += await self._tell_members(members)
            if len(members) < MEMBERS_AT_ONCE:
                break
            after = (members[-1]["conversation_id"], members[-1]["user_id"])
        return changes

    async def _tell_members(self, members: Sequence[RowMapping]) -> list[Change]:
        opened: list[dict[str, Any]] = []
        advanced: list[dict[str, Any]] = []
        for member in members:
            for kind in KINDS:
                messages = self._unread(member, kind)
                if not messages:
                    continue
                row = self._row(member, kind, messages)
                (opened if member[f"{kind}_row_id"] is None else advanced).append(row)
        await notifications.add(self._session, opened)
        await notifications.advance(self._session, advanced)
        return [
            Change("notification", row["user_id"], row["id"], row["conversation_id"]) for row in (*opened, *advanced)
        ]

    def _unread(self, member: RowMapping, kind: str) -> list[MessageCreated]:
        """The batch's messages that a member is told of under one kind, ascending."""
        floor = max(member["read_seq"], member[notifications.CLOSED_COLUMN[kind]])
        return [
            message
            for message in self._by_conversation[member["conversation_id"]]
            if message.seq > floor and (member["user_id"] in message.mentions) == (kind == "mention")
        ]

    def _row(self, member: RowMapping, kind: str, messages: Sequence[MessageCreated]) -> dict[str, Any]:
        """The whole row after these messages; of an open row that has a later message only the numbers change."""
        first, last = messages[0], messages[-1]
        conversation = self._known[last.conversation_id]
        row = {
            "id": member[f"{kind}_row_id"] or new_id(),
            "user_id": member["user_id"],
            "kind": kind,
            "conversation_id": last.conversation_id,
            "message_id": last.message_id,
            "is_open": 1,
            "first_seq": first.seq,
            "last_seq": last.seq,
            "count": len(messages),
            "title": conversation.title or last.sender_username,
            "message": self._previews[(last.conversation_id, last.seq)],
            "created_at": self._now,
            "updated_at": self._now,
            "read_at": None,
        }
        if member[f"{kind}_row_id"] is None:
            return row
        row["count"] += member[f"{kind}_row_count"]
        row["first_seq"] = min(first.seq, member[f"{kind}_row_first_seq"])
        if member[f"{kind}_row_last_seq"] > last.seq:
            kept = ("last_seq", "title", "message", "message_id", "updated_at", "created_at")
            row |= {name: member[f"{kind}_row_{name}"] for name in kept}
        return row
