"""What is wanted of the figures, and whether it is so: each bar names the line that it is about."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rich.table import Table

from bench.lines import Line

Known = Mapping[str, Line]
Number = Callable[[Known], float | None]
PEERS = ("ejabberd", "prosody", "tinode")


@dataclass(frozen=True)
class Bar:
    """A number that is to be at least or at most another one, which may be a peer's."""

    what: str
    found: Number
    wanted: Number
    least: bool
    """Whether `wanted` is the least that will do, or the most."""

    def judge(self, known: Known) -> tuple[str, ...] | None:
        """Return what is wanted, what was found and whether that will do; None where either was not measured."""
        found, wanted = self.found(known), self.wanted(known)
        if found is None or wanted is None:
            return None
        met = found >= wanted if self.least else found <= wanted
        return (self.what, f"{'>=' if self.least else '<='} {wanted:,.2f}", f"{found:,.2f}", "yes" if met else "NO")


def judged(lines: Iterable[Line]) -> list[tuple[str, ...]]:
    """Every bar that these lines say something about."""
    known = {line.name: line for line in lines}
    return [verdict for bar in BARS if (verdict := bar.judge(known)) is not None]


HEADINGS = ("bar", "wanted", "found", "met")


def table(lines: Iterable[Line]) -> Table:
    """The bars for a terminal."""
    result = Table(*HEADINGS, title="What is wanted")
    for verdict in judged(lines):
        result.add_row(*verdict)
    return result


def markdown(lines: Iterable[Line]) -> str:
    """The bars for a document."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *judged(lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _of(name: str, field: str) -> Number:
    def read(known: Known) -> float | None:
        return getattr(known[name], field) if name in known else None

    return read


def _fixed(number: float) -> Number:
    return lambda _known: number


def _cost(name: str) -> Number:
    """Processor time of service and database together."""

    def read(known: Known) -> float | None:
        used = known[name].cpu_ms if name in known else {}
        return used["service"] + used["MySQL"] if used else None

    return read


def _times_best_peer(name: str, field: str, suffix: str) -> Number:
    """How many times the best peer's figure ours is."""

    def read(known: Known) -> float | None:
        ours = _of(name, field)(known)
        theirs = [number for peer in PEERS if (number := _of(f"{peer}-{suffix}", field)(known))]
        return ours / max(theirs) if ours is not None and theirs else None

    return read


def _least(what: str, found: Number, wanted: float) -> Bar:
    return Bar(what, found, _fixed(wanted), least=True)


def _most(what: str, found: Number, wanted: float) -> Bar:
    return Bar(what, found, _fixed(wanted), least=False)


BARS = (
    _least("sends: acknowledged a second", _of("sends-most", "acknowledged_per_s"), 5_000),
    _least("sends: times the best peer", _times_best_peer("sends-most", "acknowledged_per_s", "most"), 3),
    _most("sends at 3,600/s: p50 of acknowledgements, ms", _of("sends-3600", "ack_p50_ms"), 5),
    _most("sends at 3,600/s: p99 of acknowledgements, ms", _of("sends-3600", "ack_p99_ms"), 15),
    _most("sends at 3,600/s: p99 end to end, ms", _of("sends-3600", "end_p99_ms"), 30),
    _most("sends at 3,600/s: service and MySQL, CPU-ms per message", _cost("sends-3600"), 0.30),
    Bar(
        "sends at 900/s: p50 no slower than ejabberd's, ms",
        _of("sends-900", "ack_p50_ms"),
        _of("ejabberd-900", "ack_p50_ms"),
        least=False,
    ),
    Bar(
        "sends at 900/s: p99 no slower than ejabberd's, ms",
        _of("sends-900", "ack_p99_ms"),
        _of("ejabberd-900", "ack_p99_ms"),
        least=False,
    ),
    _most("notification service: backlog gone after, s", _of("notified", "value"), 10),
    _least("POST /message: acknowledged a second", _of("rest", "acknowledged_per_s"), 1_200),
    _least("fan-out to 100: deliveries a second", _of("fanout", "deliveries_per_s"), 100_000),
    _least("fan-out to 100: times the best peer", _times_best_peer("fanout", "deliveries_per_s", "fanout"), 3),
    _most("idle sockets: KiB each", _of("idle", "value"), 40),
    _most("page of 50 out of 1 million: p99, ms", _of("history-1000000", "ack_p99_ms"), 20),
    _most("page of 50 out of 1 million: times that out of 10 thousand", _of("history-1000000", "value"), 1.5),
    _most("page of 50 out of 10 million: times that out of 10 thousand", _of("history-10000000", "value"), 1.5),
    _most("cost of a send beside 1 million: times that beside 10 thousand", _of("growth-1000000", "value"), 1.1),
    _most("cost of a send beside 10 million: times that beside 10 thousand", _of("growth-10000000", "value"), 1.1),
)
