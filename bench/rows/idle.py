"""Sockets that are open and say nothing: how much memory of the server each one takes."""

from collections.abc import Iterable, Iterator

from bench.driver import Connection, Plan, drive
from bench.ground import Ground
from bench.lines import Line
from bench.peers.ejabberd import Ejabberd
from bench.peers.peer import Peer
from bench.peers.prosody import Prosody
from bench.peers.stage import peer_stage
from bench.peers.tinode import Tinode
from bench.people import SOCKET_PATH
from bench.processors import resident
from bench.rows.options import Options
from bench.stage import stage

SOCKETS = 2_000
FIRST = 50
"""Opened and closed before, so that what a server loads once is not counted."""
HELD_S = 8.0
SHAPE = f"{SOCKETS:,} idle sockets"


def idle(ground: Ground, _options: Options) -> Iterator[Line]:
    """Ours, by Socket.IO."""
    with stage(ground, conversations=1) as system:
        people = [ground.trust.person(f"idle{number}") for number in range(SOCKETS)]
        sockets = [Connection("socketio", system.address, SOCKET_PATH, token=person.token) for person in people]
        yield _held("idle", system.title, f"{SHAPE}, each of another person", [system.message.pid], sockets)


def ejabberd(ground: Ground, _options: Options) -> Iterator[Line]:
    """ejabberd's."""
    yield _peer(ground, Ejabberd)


def prosody(ground: Ground, _options: Options) -> Iterator[Line]:
    """Prosody's."""
    yield _peer(ground, Prosody)


def tinode(ground: Ground, _options: Options) -> Iterator[Line]:
    """Tinode's."""
    yield _peer(ground, Tinode)


def _peer(ground: Ground, kind: type[Peer]) -> Line:
    with peer_stage(ground, kind, rooms=0, members=0) as system:
        sockets = system.peer.idle(SOCKETS)
        return _held(f"{kind.title.lower()}-idle", system.title, SHAPE, system.parts["service"], sockets)


def _held(name: str, title: str, shape: str, pids: Iterable[int], sockets: list[Connection]) -> Line:
    drive(Plan(sockets[:FIRST], rate=1, seconds=1, warm_s=1))
    before, held = resident(pids), []
    result = drive(Plan(sockets, rate=1, seconds=1, warm_s=HELD_S), end=lambda: held.append(resident(pids)))
    each = (held[0] - before) / 1024 / len(sockets)
    figure = f"{each:.1f} KiB per socket ({before / 2**20:.0f} MiB before, {held[0] / 2**20:.0f} MiB with them)"
    broken = [f"{count} x {what}" for what, count in result.errors.items()]
    return Line(name=name, system=title, shape=shape, figure=figure, value=each, notes=broken)
