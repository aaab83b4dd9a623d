"""One conversation of 100 members: what is sent there goes to all of them."""

from collections.abc import Iterator

from bench.driver import Plan
from bench.ground import Ground
from bench.lines import Line
from bench.measuring import System, measure
from bench.peers.ejabberd import Ejabberd
from bench.peers.prosody import Prosody
from bench.peers.stage import peer_stage
from bench.peers.tinode import Tinode
from bench.rows.options import Options
from bench.stage import ALONE, stage

MEMBERS, SENDERS = 100, 4
WINDOW = 40
"""Unanswered messages of a sender: a topic of Tinode refuses more than 192 at once."""
SHAPE = f"one conversation of {MEMBERS} members, {SENDERS} of them send"


def fanout(ground: Ground, options: Options) -> Iterator[Line]:
    """Ours: as fast as answers come."""
    with stage(ground, conversations=1, members=MEMBERS, senders=SENDERS) as system:
        yield _most(system, "fanout", f"{SHAPE}, Socket.IO; {ALONE}", options)


def ejabberd(ground: Ground, options: Options) -> Iterator[Line]:
    """The same in a room of ejabberd."""
    with peer_stage(ground, Ejabberd, rooms=1, members=MEMBERS, senders=SENDERS) as system:
        yield _most(system, "ejabberd-fanout", f"{SHAPE}, XMPP", options)


def prosody(ground: Ground, options: Options) -> Iterator[Line]:
    """The same in a room of Prosody."""
    with peer_stage(ground, Prosody, rooms=1, members=MEMBERS, senders=SENDERS) as system:
        yield _most(system, "prosody-fanout", f"{SHAPE}, XMPP", options)


def tinode(ground: Ground, options: Options) -> Iterator[Line]:
    """The same in a topic of Tinode."""
    with peer_stage(ground, Tinode, rooms=1, members=MEMBERS, senders=SENDERS) as system:
        yield _most(system, "tinode-fanout", f"{SHAPE}, WebSocket", options)


def _most(system: System, name: str, shape: str, options: Options) -> Line:
    plan = Plan(system.sockets(), rate=0, seconds=options.seconds, window=WINDOW, drain_s=20)
    return measure(system, plan).line(name, shape, system=system.title)
