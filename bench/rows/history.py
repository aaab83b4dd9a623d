"""What a long history costs: a page out of it, and a send beside it."""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bench.driver import Connection, Plan
from bench.filling import fill, settle
from bench.ground import Ground
from bench.lines import Line
from bench.measuring import Measured, measure
from bench.rows.options import Options
from bench.stage import ALONE, Stage, stage

SHORT, LONG, LONGEST = 10_000, 1_000_000, 10_000_000
PAGES_PER_S = 40.0
READERS = 4
SENDS_PER_S = 900.0
ROUNDS = 4
ROUND_S = 5.0


@dataclass
class Reading(Stage):
    """A stage whose connections read pages of one conversation by REST."""

    last_seq: int = 0

    def stored(self) -> None:
        """Reading stores nothing."""

    def sockets(self) -> list[Connection]:
        """A connection of each reader."""
        conversation = self.conversations[0]
        return [
            Connection(
                "http-history",
                self.address,
                f"/api/conversation/{conversation.id}/messages",
                token=conversation.members[number].token,
                sends=True,
                last_seq=self.last_seq,
            )
            for number in range(READERS)
        ]


def reading(system: Stage, *, count: int) -> Reading:
    """The stage with a conversation of `count` messages and people who read pages of it."""
    ground = system.ground
    last_seq = fill(ground.mysql, system.database, system.conversations[0], count=count)
    settle(ground.mysql)
    return Reading(**vars(system), last_seq=last_seq)


def history(ground: Ground, options: Options) -> Iterator[Line]:
    """A page of 50 at a random place of a short and of a long conversation."""
    shape = f"pages of 50 at random places, {PAGES_PER_S:.0f}/s by {READERS} readers; {ALONE}"
    first: float | None = None
    with stage(ground, conversations=1) as system:
        for count in (SHORT, LONG, *([LONGEST] if options.full else [])):
            readers = reading(system, count=count)
            plan = Plan(readers.sockets(), rate=PAGES_PER_S, seconds=options.seconds, window=1)
            measured = measure(readers, plan)
            first = first or measured.result.ack_ms.p99
            ratio = measured.result.ack_ms.p99 / first
            figure = f"p99 {ratio:.2f} times that of {SHORT:,}"
            line = measured.line(f"history-{count}", f"{shape}; of {count:,} messages", system=system.title)
            yield line.model_copy(update={"figure": figure, "value": ratio})


def growth(ground: Ground, options: Options) -> Iterator[Line]:
    """The same sends beside a short and beside a long history, in turns, so that both meet the same machine."""
    counts = (SHORT, LONGEST if options.full else LONG)
    costs: dict[int, list[float]] = {count: [] for count in counts}
    runs: dict[int, Measured] = {}
    with ExitStack() as stack:
        systems = {count: stack.enter_context(stage(ground)) for count in counts}
        for count, system in systems.items():
            fill(ground.mysql, system.database, system.conversations[0], count=count)
        settle(ground.mysql)
        for _ in range(ROUNDS):
            for count, system in systems.items():
                measured = measure(system, Plan(system.sockets(), rate=SENDS_PER_S, seconds=ROUND_S))
                costs[count].append(measured.cpu_ms("service") + measured.cpu_ms("MySQL"))
                runs[count] = measured
    base = statistics.median(costs[SHORT])
    for count in counts:
        cost = statistics.median(costs[count])
        figure = (
            f"service and MySQL {cost:.3f} CPU-ms per message, {100 * (cost / base - 1):+.0f} % (median of {ROUNDS})"
        )
        shape = f"sends beside {count:,} stored messages, one round of {ROUNDS} shown; {ALONE}"
        line = replace(runs[count], notes=[]).line(f"growth-{count}", shape, system=systems[count].title)
        yield line.model_copy(update={"figure": figure, "value": cost / base})
