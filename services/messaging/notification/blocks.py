"""Which messages have been told of: a bit for each, in blocks, so that a busy conversation costs a row per batch.

Pure: `store/blocks.py` reads and writes them, under the lock of their conversation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from messaging.notification.tables import BLOCK

Place = tuple[UUID, int]
"""A conversation and a `seq`."""
Key = tuple[UUID, int]
"""A conversation and the number of a block of it."""


@dataclass(slots=True)
class Block:
    """The bits of `BLOCK` messages as two numbers; `dirty` tells that they must be saved."""

    sent: int = 0
    changed: int = 0
    dirty: bool = False


@dataclass
class Blocks:
    """Some blocks, loaded."""

    held: dict[Key, Block] = field(default_factory=dict)

    def take(self, place: Place) -> bool:
        """Mark a message as told of; tell whether it is for the first time."""
        block, bit = self._at(place)
        if block.sent & bit:
            return False
        block.sent |= bit
        block.dirty = True
        return True

    def is_sent(self, place: Place) -> bool:
        """Whether a message has been told of."""
        block, bit = self._at(place)
        return bool(block.sent & bit)

    def is_changed(self, place: Place) -> bool:
        """Whether a change of a message is known."""
        block, bit = self._at(place)
        return bool(block.changed & bit)

    def note_change(self, place: Place) -> None:
        """Mark a message as changed."""
        block, bit = self._at(place)
        block.dirty = block.dirty or not block.changed & bit
        block.changed |= bit

    def sent_between(self, conversation_id: UUID, first: int, last: int) -> Iterator[int]:
        """The numbers of the messages told of from `first` to `last`, ascending."""
        for number in range(first // BLOCK, last // BLOCK + 1):
            block = self.held.get((conversation_id, number))
            bits = block.sent if block is not None else 0
            while bits:
                lowest = bits & -bits
                seq = number * BLOCK + lowest.bit_length() - 1
                if first <= seq <= last:
                    yield seq
                bits ^= lowest

    def _at(self, place: Place) -> tuple[Block, int]:
        key = (place[0], place[1] // BLOCK)
        block = self.held.get(key)
        if block is None:
            block = self.held[key] = Block()
        return block, 1 << place[1] % BLOCK


def keys_of(places: Iterable[Place]) -> set[Key]:
    """The blocks that messages are in."""
    return {(conversation_id, seq // BLOCK) for conversation_id, seq in places}
