"""One run of the driver against a system, with what each part of that system uses meanwhile."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from bench.driver import Connection, Plan, Result, drive
from bench.lines import Line
from bench.processors import Meter

SUSTAINED = 0.99
"""A rate is sustained when this share of what was due is acknowledged while measuring."""
SEARCH_S = 8.0
STEPS = (0.95, 0.85, 0.75, 0.6)
"""Shares of what a full window gave at which an open loop is tried, until one is sustained."""
MOST_OF_AN_ERROR = 120
BATCHES = "messaging_send_batch_size"


@dataclass(frozen=True)
class Measured:
    """A run: what the driver saw, and what each part used."""

    rate: float
    """Messages a second that were meant to be sent; 0: as many as were answered."""
    result: Result
    cpu_s: dict[str, float]
    load: float
    batch_size: float | None = None
    notes: list[str] = field(default_factory=list)

    def cpu_ms(self, part: str) -> float:
        """Milliseconds of processor time of a part per acknowledged message."""
        return 1000 * self.cpu_s[part] / max(1, self.result.acked_in_time)

    @property
    def sustained(self) -> bool:
        """Tell whether the system kept up."""
        due = self.rate * self.result.seconds
        return self.result.complete and self.result.refused == 0 and self.result.acked_in_time >= SUSTAINED * due

    def line(self, name: str, shape: str, *, system: str) -> Line:
        """This run as a line of the table."""
        result = self.result
        heard = result.end_to_end_ms.count > 0
        return Line(
            name=name,
            system=system,
            shape=shape,
            offered_per_s=self.rate or None,
            acknowledged_per_s=result.rate,
            ack_p50_ms=result.ack_ms.p50,
            ack_p99_ms=result.ack_ms.p99,
            ack_max_ms=result.ack_ms.max,
            end_p50_ms=result.end_to_end_ms.p50 if heard else None,
            end_p99_ms=result.end_to_end_ms.p99 if heard else None,
            deliveries_per_s=result.delivery_rate if heard else None,
            cpu_ms={part: self.cpu_ms(part) for part in self.cpu_s},
            batch=self.batch_size,
            notes=[*self.notes, *self.doubts()],
            load=self.load,
        )

    def doubts(self) -> Iterator[str]:
        """What a reader must know of a run that did not go as it should."""
        result = self.result
        if self.rate and not self.sustained:
            yield "rate NOT sustained"
        if not result.complete:
            missing = result.expected_total - result.delivered_total
            yield f"{missing} deliveries missing, {result.disorder} out of order"
        if result.refused:
            yield f"{result.refused} refused"
        if result.unsent > (1 - SUSTAINED) * result.sent:
            yield f"{result.unsent} held back by the window to the end"
        yield from (f"{count} x {what[:MOST_OF_AN_ERROR]}" for what, count in result.errors.items())


class System(Protocol):
    """What is measured: ours, or a peer."""

    @property
    def title(self) -> str:
        """How the table calls it."""
        ...

    @property
    def parts(self) -> Mapping[str, Sequence[int]]:
        """Whose processor time is counted: the first processes of each part."""
        ...

    def counters(self) -> Mapping[str, float]:
        """The system's own counters."""
        ...

    def stored(self) -> int | None:
        """How many messages its database holds; None where the run stores none."""
        ...

    def sockets(self) -> list[Connection]:
        """Everybody's connection, in the shape that was asked for."""
        ...


def measure(system: System, plan: Plan) -> Measured:
    """Run a plan and count what the parts use meanwhile."""
    meter, stored = Meter(system.parts), system.stored()
    counts: list[Mapping[str, float]] = []

    def begin() -> None:
        counts.append(system.counters())
        meter.begin()

    def end() -> None:
        meter.end()
        counts.append(system.counters())

    result = drive(plan, begin=begin, end=end)
    used = {**meter.used_s, "driver": result.cpu_s}
    notes = list(_lacks(result, stored, system.stored()))
    return Measured(plan.rate, result, used, os.getloadavg()[0], _batch_size(counts[0], counts[-1]), notes)


def measure_most(system: System, seconds: float) -> Measured:
    """The highest rate that holds: found with a full window, then in open loop, lower until it is sustained."""
    connections = system.sockets()
    full = measure(system, Plan(connections, rate=0, seconds=min(seconds, SEARCH_S))).result.rate
    for share in STEPS:
        rate = max(10.0, round(full * share, -1))
        measured = measure(system, Plan(connections, rate=rate, seconds=seconds))
        if measured.sustained:
            break
    return replace(measured, notes=[*measured.notes, f"with a full window {full:,.0f}/s"])


def _lacks(result: Result, before: int | None, after: int | None) -> Iterator[str]:
    if before is not None and after is not None and after - before < result.acked_total:
        yield f"the database lacks {result.acked_total - (after - before)} acknowledged messages"


def _batch_size(before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    batches = after.get(f"{BATCHES}_count", 0) - before.get(f"{BATCHES}_count", 0)
    sends = after.get(f"{BATCHES}_sum", 0) - before.get(f"{BATCHES}_sum", 0)
    return sends / batches if batches else None
