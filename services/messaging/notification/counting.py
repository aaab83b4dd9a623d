"""Counting anew what an open notification tells of, after a part of it was read: from the blocks of told messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.blocks import Blocks
from messaging.notification.items import Item
from messaging.notification.store import blocks as store
from messaging.notification.store.readers import Kind, Open, Reader
from messaging.notification.tables import BLOCK


@dataclass(slots=True, frozen=True)
class Recount:
    """An open notification of which messages up to `floor` were read or closed; `told` are new ones of its kind."""

    reader: Reader
    kind: Kind
    row: Open
    told: Sequence[Item]
    floor: int

    @property
    def first(self) -> int:
        """The least `seq` that may count."""
        least = min([self.row.first_seq, *(item.seq for item in self.told[:1])])
        return max(self.floor + 1, least)

    @property
    def last(self) -> int:
        """The greatest `seq` that may count."""
        return max([self.row.last_seq, *(item.seq for item in self.told[-1:])])


async def count_anew(
    session: AsyncSession, blocks: Blocks, recounts: Sequence[Recount]
) -> list[tuple[Recount, list[int]]]:
    """Return the numbers of the messages that each notification tells of, ascending."""
    keys = {
        (one.reader.conversation_id, number)
        for one in recounts
        for number in range(one.first // BLOCK, one.last // BLOCK + 1)
    }
    await store.load(session, keys, blocks)
    ranges = [(one.reader.conversation_id, one.reader.user_id, one.first, one.last) for one in recounts]
    mentions, skips = await store.said_to(session, ranges)
    found = []
    for one in recounts:
        place = (one.reader.conversation_id, one.reader.user_id)
        sent = blocks.sent_between(place[0], one.first, one.last)
        counted = (seq for seq in sent if (*place, seq) not in skips)
        found.append((one, [seq for seq in counted if ((*place, seq) in mentions) == (one.kind == "mention")]))
    return found
