"""The rows of the table, by name: each measures one thing on a common ground and gives lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import sends
from bench.driver import Plan
from bench.ground import Ground
from bench.lines import Line
from bench.sends import Measured, Stage

SHAPE = (
    f"{sends.SENDERS} senders, {sends.MEMBERS} members per conversation, Socket.IO; no Envoy, receipts, notification"
)


@dataclass(frozen=True)
class Options:
    """What the command line says about all rows."""

    seconds: float
    rate: float | None = None
    """In place of the rates of the rows of sends."""


Row = Callable[[Ground, Options], Iterator[Line]]


def line(name: str, shape: str, measured: Measured, *, system: str = "messaging") -> Line:
    """What a run of the driver says, as a line."""
    result = measured.result
    return Line(
        name=name,
        system=system,
        shape=shape,
        offered_per_s=measured.rate or None,
        acknowledged_per_s=result.rate,
        ack_p50_ms=result.ack_ms.p50,
        ack_p99_ms=result.ack_ms.p99,
        ack_max_ms=result.ack_ms.max,
        end_p50_ms=result.end_to_end_ms.p50,
        end_p99_ms=result.end_to_end_ms.p99,
        deliveries_per_s=result.delivery_rate,
        cpu_ms={part: measured.cpu_ms(part) for part in measured.cpu_s},
        batch=measured.batch_size,
        notes=[*measured.notes, *doubts(measured)],
        load=measured.load,
    )


def doubts(measured: Measured) -> list[str]:
    """What a reader must know of a run that did not go as it should."""
    result = measured.result
    found = []
    if measured.rate and not measured.sustained:
        found.append("rate NOT sustained")
    if not result.complete:
        missing = result.expected_total - result.delivered_total
        found.append(f"{missing} deliveries missing, {result.disorder} out of order")
    if result.refused:
        found.append(f"{result.refused} refused")
    if result.unsent:
        found.append(f"{result.unsent} held back by the window to the end")
    found += [f"{count} x {what}" for what, count in result.errors.items()]
    return found


def most(stage: Stage, options: Options) -> Iterator[Measured]:
    """The highest rate that is sustained: found with a full window, then held in open loop, lower until it holds."""
    found = stage.measure(Plan(stage.sockets(), rate=0, seconds=min(options.seconds, 8))).result.rate
    for share in (0.95, 0.85, 0.75, 0.6):
        measured = stage.measure(Plan(stage.sockets(), rate=round(found * share, -1), seconds=options.seconds))
        if measured.sustained:
            yield measured
            return
    yield measured


def sends_rows(ground: Ground, options: Options) -> Iterator[Line]:
    """Shape (a) at given rates, and as much as it takes."""
    rates = (900.0, 3600.0) if options.rate is None else (options.rate,)
    with sends.stage(ground) as stage:
        for rate in rates:
            measured = stage.measure(Plan(stage.sockets(), rate=rate, seconds=options.seconds))
            yield line(f"sends-{rate:.0f}", SHAPE, measured)
        if options.rate is None:
            for measured in most(stage, options):
                yield line("sends-most", SHAPE, measured)


ROWS: dict[str, Row] = {
    "sends": sends_rows,
}
