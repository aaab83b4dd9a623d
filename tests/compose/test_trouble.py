"""Parts of the small-team form are killed, stopped and started under a chat; nothing acknowledged is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from e2e.faults.compose import ComposeTarget
from e2e.faults.kill_message import kill_message
from e2e.faults.outage import outage
from e2e.faults.target import Part
from e2e.scenarios.report import Report
from tests.compose.project import ComposeProject

AWAY = timedelta(seconds=10)
"""`make e2e` takes the full minute; what breaks in one breaks in ten seconds too."""
Record = Callable[[str, object], None]


@pytest.fixture
def target(project: ComposeProject) -> ComposeTarget:
    return ComposeTarget(project.url, project=project.name)


@pytest.mark.parametrize("part", ["rabbitmq", "mysql"])
async def test_an_outage_loses_nothing_and_needs_no_restart(
    part: Part, target: ComposeTarget, record_property: Record
) -> None:
    result = await outage(target, part, lasting=AWAY, report=Report(out=None))

    record_property("acknowledged meanwhile", result.acknowledged_meanwhile)
    record_property("again after, s", round(result.recovered_after.total_seconds(), 1))
    assert result.findings.good, str(result.findings)
    assert result.restarted == ()


async def test_kill_9_of_the_message_process_loses_nothing(target: ComposeTarget, record_property: Record) -> None:
    result = await kill_message(target, sends=500, report=Report(out=None))

    record_property("longest silence, s", round(result.longest_silence.total_seconds(), 1))
    assert result.findings.good, str(result.findings)
    assert result.acknowledged == 500
