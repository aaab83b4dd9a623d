"""The load driver: started for each run with a plan, read for what it measured.

It prints `begin` and `end` around the time that is measured; processors' clocks are read then.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from threading import Timer
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel

from bench.building import DRIVER, build
from e2e.errors import ToolingError

LATE = timedelta(seconds=60)
"""How much longer than its plan the driver may take, for connecting and for its end."""

Protocol = Literal["socketio", "xmpp", "tinode", "http-send", "http-history"]


@dataclass(frozen=True)
class Connection:
    """One socket and who speaks through it; the fields are explained in driver/plan.go."""

    protocol: Protocol
    address: str
    path: str = ""
    token: str = ""
    user: str = ""
    domain: str = ""
    place: str = ""
    register: bool = False
    sends: bool = False
    receivers: int = 0
    last_seq: int = 0


@dataclass(frozen=True)
class Plan:
    """What the driver does: at `rate` messages a second, or as fast as answers come where that is 0."""

    connections: list[Connection]
    rate: float
    seconds: float
    warm_s: float = 2.0
    drain_s: float = 10.0
    window: int = 100
    content_bytes: int = 80
    receipts_every_s: float = 0.0
    run: str = field(default_factory=lambda: uuid4().hex[:6])


class Latency(BaseModel):
    """Quantiles in milliseconds, from the time a message was meant to be sent."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    count: int


class Result(BaseModel):
    """What the driver measured; the fields are explained in driver/plan.go."""

    seconds: float
    sent: int
    acknowledged: int
    acked_in_time: int
    refused: int
    unsent: int
    deliveries: int
    delivered_in_time: int
    expected_total: int
    delivered_total: int
    acked_total: int
    disorder: int
    ack_ms: Latency
    end_to_end_ms: Latency
    acked_by_second: list[int]
    cpu_s: float
    drained_s: float
    errors: dict[str, int]

    @property
    def rate(self) -> float:
        """Acknowledgements a second while measuring."""
        return self.acked_in_time / self.seconds

    @property
    def delivery_rate(self) -> float:
        """Arrivals a second while measuring, at all connections together."""
        return self.delivered_in_time / self.seconds

    @property
    def complete(self) -> bool:
        """Tell whether everything that was acknowledged arrived at everybody, in order and once."""
        return self.disorder == 0 and self.delivered_total == self.expected_total


Mark = Callable[[], None]


def drive(plan: Plan, *, begin: Mark = lambda: None, end: Mark = lambda: None) -> Result:
    """Run a plan; `begin` and `end` are called around the time that is measured.

    Raises:
        ToolingError: the driver could not connect, or broke off.
    """
    within = timedelta(seconds=plan.warm_s + plan.seconds + plan.drain_s) + LATE
    with subprocess.Popen(
        [build(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = Timer(within.total_seconds(), process.kill)
        watchdog.start()
        try:
            last = _follow(process, json.dumps(asdict(plan)), {"begin": begin, "end": end})
            _, complaint = process.communicate()
        finally:
            watchdog.cancel()
            process.kill()
    if process.returncode != 0:
        raise ToolingError("The load driver broke off.", hint=complaint.strip())
    return Result.model_validate_json(last)


def _follow(process: subprocess.Popen[str], plan: str, marks: dict[str, Mark]) -> str:
    """Hand the plan over, act on the marks as they come, and return the last line."""
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as question:
        question.write(plan)
    process.stdin, last = None, ""
    for line in process.stdout:
        last = line.strip()
        if last in marks:
            marks[last]()
    return last
