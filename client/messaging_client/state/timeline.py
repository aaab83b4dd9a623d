"""One conversation's messages, merged by `seq` and `rev` from whatever came in whatever order.

Hints may come late, twice, out of order or never; pages and `sync` answers overlap them. Merging is a join: of a
message the greatest `rev` stays, so that every order of the same pieces ends in the same timeline.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from messaging_wire.message import Message


@dataclass(frozen=True)
class Merged:
    """What a merge made visible: `arrived` in `seq` order without a gap to what was there, `changed` of older ones."""

    arrived: tuple[Message, ...] = ()
    changed: tuple[Message, ...] = ()


@dataclass
class Timeline:
    """Everything up to `seq` and every change up to `rev` is had; what came ahead of a gap waits."""

    seq: int
    rev: int
    last_seq: int = 0
    """The greatest `seq` that is known to exist."""
    last_rev: int = 0
    floor: int = field(init=False)
    """Messages up to here were never asked for; they are not kept."""
    _messages: dict[int, Message] = field(default_factory=dict)
    _ahead_revs: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.floor = self.seq
        self.last_seq = max(self.last_seq, self.seq)
        self.last_rev = max(self.last_rev, self.rev)

    @property
    def incomplete(self) -> bool:
        """Whether something is known to exist that is not had."""
        return self.last_seq > self.seq or self.last_rev > self.rev

    def messages(self) -> tuple[Message, ...]:
        """What can be shown: ascending, without a gap other than of messages that are gone for ever."""
        return tuple(self._messages[seq] for seq in sorted(self._messages) if seq <= self.seq)

    def merge(self, messages: Iterable[Message]) -> Merged:
        """Take messages from an event, a page or a sync, in any order and as often as one likes."""
        changed: dict[int, Message] = {}
        for message in messages:
            self._note(message)
            known = self._messages.get(message.seq)
            if message.seq <= self.floor or (known is not None and known.rev >= message.rev):
                continue
            self._messages[message.seq] = message
            if message.seq <= self.seq:
                changed[message.seq] = message
        return Merged(self._advance(), tuple(changed[seq] for seq in sorted(changed)))

    def know(self, *, last_seq: int, last_rev: int, first_seq: int = 1) -> Merged:
        """Learn what the platform has; messages before `first_seq` are gone for ever and no longer waited for."""
        self.last_seq = max(self.last_seq, last_seq)
        self.last_rev = max(self.last_rev, last_rev)
        skipped = tuple(self._messages[seq] for seq in sorted(self._messages) if self.seq < seq < first_seq)
        self.seq = max(self.seq, first_seq - 1)
        return Merged(skipped + self._advance())

    def had(self, rev: int) -> None:
        """Learn that every change up to `rev` was received."""
        self.rev = max(self.rev, rev)
        self.last_rev = max(self.last_rev, rev)
        self._advance_rev()

    def _note(self, message: Message) -> None:
        self.last_seq = max(self.last_seq, message.seq)
        self.last_rev = max(self.last_rev, message.rev)
        self._ahead_revs.add(message.rev)
        self._advance_rev()

    def _advance(self) -> tuple[Message, ...]:
        arrived = []
        while (message := self._messages.get(self.seq + 1)) is not None:
            arrived.append(message)
            self.seq += 1
        return tuple(arrived)

    def _advance_rev(self) -> None:
        while self.rev + 1 in self._ahead_revs:
            self.rev += 1
        self._ahead_revs = {rev for rev in self._ahead_revs if rev > self.rev}
