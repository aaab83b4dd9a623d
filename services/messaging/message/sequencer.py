"""The order of one conversation at this replica: what may go out now, what waits, what is too old.

Pure: no clock, no database, no sockets. Messages come from own commits, from hints of other replicas and from the
database, in any order and more than once; they leave in `seq` order, each once. `channel.py` drives it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

from messaging.message.shown import Shown

MAX_AHEAD = 1000
MAX_REVS = 1000


class Sequencer:
    """Gives out messages in `seq` order. It begins at `next_seq`, or at the first message that it is offered."""

    def __init__(self, next_seq: int | None = None) -> None:
        self.next_seq = next_seq
        self._ahead: dict[int, Shown] = {}
        self._revs: OrderedDict[UUID, int] = OrderedDict()

    def offer(self, messages: Iterable[Shown]) -> list[Shown]:
        """Take messages; return those that go out now, ascending."""
        for message in messages:
            if self.next_seq is None:
                self.next_seq = message.seq
            if message.seq >= self.next_seq:
                self._keep(message)
        return self._release()

    def offer_change(self, message: Shown) -> Shown | None:
        """Take a changed message; return it where it goes out now.

        A change of what has not gone out yet goes out in its place; a change older than one that went out is dropped.
        """
        if self.next_seq is not None and message.seq >= self.next_seq:
            message.is_changed = True
            self._keep(message)
            return None
        if message.rev <= self._revs.get(message.id, 0):
            return None
        self._note(message)
        return message

    @property
    def gap(self) -> range | None:
        """The numbers that are missing before what waits, or None."""
        if not self._ahead or self.next_seq is None:
            return None
        first = min(self._ahead)
        return range(self.next_seq, first) if first > self.next_seq else None

    @property
    def overflows(self) -> bool:
        """Whether more waits than should: whoever listens had better ask for all of it."""
        return len(self._ahead) > MAX_AHEAD

    def skip_gap(self) -> list[Shown]:
        """Give up what is missing before what waits; return what goes out now."""
        if self._ahead:
            self.next_seq = min(self._ahead)
        return self._release()

    def abandon(self) -> None:
        """Forget what waits and go on behind it."""
        if self._ahead:
            self.next_seq = max(self._ahead) + 1
            self._ahead.clear()

    def _keep(self, message: Shown) -> None:
        known = self._ahead.get(message.seq)
        if known is None or known.rev < message.rev:
            self._ahead[message.seq] = message

    def _release(self) -> list[Shown]:
        released: list[Shown] = []
        while self.next_seq is not None and (message := self._ahead.pop(self.next_seq, None)) is not None:
            self.next_seq += 1
            if message.is_changed:
                self._note(message)
            released.append(message)
        return released

    def _note(self, message: Shown) -> None:
        self._revs[message.id] = message.rev
        self._revs.move_to_end(message.id)
        while len(self._revs) > MAX_REVS:
            self._revs.popitem(last=False)
