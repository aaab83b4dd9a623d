"""The platform in one process keeps every promise of docs/api.md, starts fast and stays small."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from e2e.scenarios import SCENARIOS, Stage
from e2e.scenarios.report import Report
from tests.support.standalone import Standalone

FIRST_ANSWER_WITHIN = timedelta(seconds=5)
RESIDENT_AT_MOST = 200 * 1024 * 1024


@pytest.mark.parametrize("name", SCENARIOS)
async def test_scenario_passes_against_one_process(standalone: Standalone, name: str) -> None:
    async with Stage(base_url=standalone.url, report=Report(out=None)) as stage:
        await SCENARIOS[name](stage)


def test_first_answer_comes_within_5_s_and_an_idle_process_takes_at_most_200_mib(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with Standalone(tmp_path) as fresh:
        resident = fresh.resident_bytes()
    record_property("first answer, s", round(fresh.first_answer.total_seconds(), 2))
    record_property("of it waiting for a processor that others had, s", round(fresh.kept_waiting.total_seconds(), 2))
    record_property("resident when idle, MiB", round(resident / 1024**2))
    assert fresh.first_answer - fresh.kept_waiting <= FIRST_ANSWER_WITHIN
    assert resident <= RESIDENT_AT_MOST
