"""What a message service does while it is profiled."""

from enum import StrEnum

from bench.driver import Plan
from bench.measuring import System
from bench.rows import history, rest
from bench.stage import Stage


class Work(StrEnum):
    """What is asked of the service."""

    SENDS = "sends"
    REST = "rest"
    HISTORY = "history"


RATES = {Work.SENDS: 3600.0, Work.REST: 0.0, Work.HISTORY: 0.0}


def prepare(work: Work, system: Stage, *, rate: float | None, seconds: float) -> tuple[System, Plan]:
    """Return who works and the driver's plan; without a rate, sends come at 3,600/s and the rest as fast as it goes."""
    pace = RATES[work] if rate is None else rate
    match work:
        case Work.SENDS:
            return system, Plan(system.sockets(), rate=pace, seconds=seconds)
        case Work.REST:
            return system, Plan(rest.connections(system), rate=pace, seconds=seconds, window=1)
        case Work.HISTORY:
            readers = history.reading(system, count=history.SHORT)
            return readers, Plan(readers.sockets(), rate=pace, seconds=seconds, window=1)
