"""A peer on the common ground, in the shapes that ours is measured in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bench.driver import Connection
from bench.ground import Ground
from bench.peers.peer import Peer


@dataclass
class PeerStage:
    """A running peer and its rooms."""

    ground: Ground
    peer: Peer
    rooms: int
    members: int
    senders: int = 1
    """How many members of each room send."""
    _made: list[list[Connection]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Name and version."""
        return self.peer.version

    @property
    def parts(self) -> Mapping[str, Sequence[int]]:
        """Whose processor time is counted."""
        return {"service": [self.peer.container.pid], "MySQL": [self.ground.mysql.container.pid]}

    def counters(self) -> Mapping[str, float]:
        """It has none that we read."""
        return {}

    def stored(self) -> int:
        """The rows of its archive."""
        return self.peer.archived()

    def sockets(self) -> list[Connection]:
        """Everybody's connection."""
        if not self._made:
            self._made = self.peer.rooms(count=self.rooms, members=self.members)
        return [replace(one, sends=number < self.senders) for room in self._made for number, one in enumerate(room)]


@contextmanager
def peer_stage(ground: Ground, kind: type[Peer], *, rooms: int, members: int, senders: int = 1) -> Iterator[PeerStage]:
    """A fresh peer on our database server; raises ToolingError where it cannot be had."""
    with kind(ground.mysql) as peer:
        yield PeerStage(ground, peer, rooms, members, senders)
