"""What people are told of in one batch: the messages of each conversation."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True, frozen=True)
class Item:
    """A message that people are to be told of; by an edit only those `only` whom it mentions newly.

    `sender_id` is null where the event does not name it.
    """

    conversation_id: UUID
    seq: int
    message_id: UUID
    sender_id: UUID | None
    sender_name: str
    preview: str
    mentions: frozenset[UUID]
    only: frozenset[UUID] | None = None


@dataclass
class Topic:
    """The items of one conversation, ascending."""

    items: list[Item]
    seqs: list[int] = field(init=False)
    is_sent_in: bool = field(init=False)
    """Whether anything is told to everybody, and not by edits only."""

    def __post_init__(self) -> None:
        self.items.sort(key=lambda item: item.seq)
        self.seqs = [item.seq for item in self.items]
        self.is_sent_in = any(item.only is None for item in self.items)
