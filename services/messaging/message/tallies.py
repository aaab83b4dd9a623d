"""Reactions as readers see them: one query for a page of messages, and none where nobody reacted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from messaging_wire.message import Reaction
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.mentions import ID_BYTES, unpack
from messaging.message.store import reactions
from messaging.message.tables import MessageRow, ReactionTallyRow

EVERYBODY: Final = None
"""The reader of an event, which is the same for all."""


@dataclass(frozen=True)
class Tallies:
    """What was reacted to some messages.

    `own` holds what the readers reacted with where a tally does not show all of its people.
    """

    of_message: dict[UUID, list[ReactionTallyRow]] = field(default_factory=dict)
    own: set[reactions.Own] = field(default_factory=set)

    def view(self, message_id: UUID, reader_id: UUID | None) -> dict[str, Reaction]:
        """The reactions to a message as `reader_id` sees them, or `EVERYBODY`."""
        return {row.emoji: self._one(row, reader_id) for row in self.of_message.get(message_id, ())}

    def _one(self, row: ReactionTallyRow, reader_id: UUID | None) -> Reaction:
        shown = unpack(row.user_ids)
        me = (
            None if reader_id is EVERYBODY else reader_id in shown or (row.message_id, row.emoji, reader_id) in self.own
        )
        return Reaction.model_construct(count=row.count, me=me, user_ids=shown)


async def load_tallies(session: AsyncSession, rows: Iterable[MessageRow], readers: Collection[UUID]) -> Tallies:
    """Read the reactions to those of the messages that have any, as `readers` will ask for them."""
    reacted = {row.id for row in rows if row.reacted}
    if not reacted:
        return Tallies()
    found = await reactions.tallies(session, reacted)
    by_message: dict[UUID, list[ReactionTallyRow]] = defaultdict(list)
    for tally in found:
        by_message[tally.message_id].append(tally)
    return Tallies(by_message, await reactions.of_people(session, _crowded(found), readers))


def _crowded(found: Sequence[ReactionTallyRow]) -> set[UUID]:
    """Messages with an emoji that more people used than are shown."""
    return {row.message_id for row in found if row.count > len(row.user_ids) // ID_BYTES}
