"""Sends by Socket.IO, ours and with more parts in; by group chat at the peers, in the same shape."""

from collections.abc import Iterator

from bench.driver import Plan
from bench.ground import Ground
from bench.lines import Line
from bench.measuring import System, measure, measure_most
from bench.notifying import Backlog, notification_service
from bench.passing import through_envoy
from bench.peers.ejabberd import Ejabberd
from bench.peers.peer import Peer
from bench.peers.prosody import Prosody
from bench.peers.stage import peer_stage
from bench.peers.tinode import Tinode
from bench.rows.options import Options
from bench.stage import ALONE, MEMBERS, SENDERS, stage

SHAPE = f"{SENDERS} senders, {MEMBERS} members per conversation"
BARE = f"{SHAPE}, Socket.IO; {ALONE}"
RATES = (900.0, 3600.0)
RECEIPTS_EVERY_S = 0.25
BACKLOG_GONE_S = 30.0


def sends(ground: Ground, options: Options) -> Iterator[Line]:
    """Given rates, and as much as it takes."""
    with stage(ground) as system:
        yield from _rates(system, "sends", BARE, options, RATES)


def receipts(ground: Ground, options: Options) -> Iterator[Line]:
    """With receipts of all receivers."""
    shape = f"{SHAPE}, Socket.IO; receipts of each receiver up to every {RECEIPTS_EVERY_S} s; no Envoy, notification"
    with stage(ground) as system:
        plan = Plan(
            system.sockets(),
            rate=RATES[1] if options.rate is None else options.rate,
            seconds=options.seconds,
            receipts_every_s=RECEIPTS_EVERY_S,
        )
        yield measure(system, plan).line("receipts", shape, system=system.title)


def notified(ground: Ground, options: Options) -> Iterator[Line]:
    """With the notification service consuming every message."""
    shape = f"{SHAPE}, Socket.IO; with the notification service; no Envoy, receipts"
    with stage(ground) as system, notification_service(system.place) as service:
        system.others["notification"] = [service.pid]
        rate = RATES[1] if options.rate is None else options.rate
        measured = measure(system, Plan(system.sockets(), rate=rate, seconds=options.seconds))
        backlog = Backlog(service, system.conversations)
        took, left = backlog.wait_until_told(measured.result.acked_total, within_s=BACKLOG_GONE_S)
        took += measured.result.drained_s
        figure = f"{left} messages not told after {took:.1f} s" if left else f"all told {took:.1f} s after the end"
        line = measured.line("notified", shape, system=system.title)
        yield line.model_copy(update={"figure": figure, "value": took})


def gateway(ground: Ground, options: Options) -> Iterator[Line]:
    """Through Envoy."""
    shape = f"{SHAPE}, Socket.IO through Envoy; no receipts or notification service"
    with stage(ground) as system, through_envoy(system) as passed:
        yield from _rates(passed, "gateway", shape, options, RATES[:1])


def ejabberd(ground: Ground, options: Options) -> Iterator[Line]:
    """The strongest peer."""
    yield from _peer(ground, options, Ejabberd, RATES[:1])


def prosody(ground: Ground, options: Options) -> Iterator[Line]:
    """A lean peer."""
    yield from _peer(ground, options, Prosody, ())


def tinode(ground: Ground, options: Options) -> Iterator[Line]:
    """Another peer."""
    yield from _peer(ground, options, Tinode, RATES[:1])


def _peer(ground: Ground, options: Options, kind: type[Peer], rates: tuple[float, ...]) -> Iterator[Line]:
    name = kind.title.lower()
    shape = f"{SHAPE}, {kind.speaks}; stored before it is acknowledged"
    with peer_stage(ground, kind, rooms=SENDERS, members=MEMBERS) as system:
        yield from _rates(system, name, shape, options, rates)


def _rates(system: System, name: str, shape: str, options: Options, rates: tuple[float, ...]) -> Iterator[Line]:
    """Given rates and the most; or, where the command line names a rate, that one."""
    for rate in rates if options.rate is None else (options.rate,):
        measured = measure(system, Plan(system.sockets(), rate=rate, seconds=options.seconds))
        yield measured.line(f"{name}-{rate:.0f}", shape, system=system.title)
    if options.rate is None:
        yield measure_most(system, options.seconds).line(f"{name}-most", shape, system=system.title)
