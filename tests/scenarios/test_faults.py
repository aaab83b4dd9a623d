"""kill -9 under load loses nothing, in one process as on a cluster."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.faults.kill_message import kill_message
from e2e.faults.target import Killable, Part
from e2e.scenarios.report import Report
from tests.support.standalone import Standalone

KILLS = 5


class StandaloneTarget(Killable):
    """A platform in one process: whichever part is killed, all die together."""

    def __init__(self, platform: Standalone) -> None:
        super().__init__(platform.url)
        self._platform = platform

    def kill(self, part: Part) -> str:
        self._platform.kill()
        self._platform.start()
        return part


@pytest.fixture
def target(tmp_path: Path) -> Iterator[StandaloneTarget]:
    with Standalone(tmp_path) as platform:
        yield StandaloneTarget(platform)


async def test_every_acknowledged_send_survives_kill_9_once_and_in_order(
    target: StandaloneTarget, record_property: Callable[[str, object], None]
) -> None:
    result = await kill_message(target, sends=1000, kills=KILLS, report=Report(out=None))

    record_property("killed after", list(result.killed_after))
    record_property("longest silence, s", round(result.longest_silence.total_seconds(), 2))
    assert result.findings.good, str(result.findings)
    assert result.acknowledged == 1000
