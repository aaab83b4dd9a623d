"""kill -9 under load loses nothing, in one process as on a cluster."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from e2e.faults.kill_message import kill_message
from e2e.faults.target import Part, Target
from e2e.scenarios.report import Report
from tests.support.standalone import Standalone


class StandaloneTarget(Target):
    """A platform in one process: the message service dies with all the others."""

    def __init__(self, platform: Standalone) -> None:
        super().__init__(platform.url)
        self._platform = platform
        self._kills = 0

    def kill_message(self) -> None:
        self._platform.kill()
        self._platform.start()
        self._kills += 1

    def stop(self, part: Part) -> None:
        raise NotImplementedError(f"one process has no {part} to stop")

    def start(self, part: Part) -> None:
        raise NotImplementedError(f"one process has no {part} to start")

    def processes(self) -> Mapping[str, str]:
        return {"standalone": f"start {self._kills}"}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[StandaloneTarget]:
    with Standalone(tmp_path) as platform:
        yield StandaloneTarget(platform)


async def test_every_acknowledged_send_survives_kill_9_once_and_in_order(
    target: StandaloneTarget, record_property: Callable[[str, object], None]
) -> None:
    result = await kill_message(target, sends=500, report=Report(out=None))

    record_property("longest silence, s", round(result.longest_silence.total_seconds(), 2))
    assert result.findings.good, str(result.findings)
    assert result.acknowledged == 500
