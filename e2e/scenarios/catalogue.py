"""Every scenario by its name, in the order in which a person would meet them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from e2e.scenarios.chat import chat
from e2e.scenarios.conversations import conversations
from e2e.scenarios.deletion import deletion
from e2e.scenarios.direct import direct
from e2e.scenarios.editing import editing
from e2e.scenarios.exports import exports
from e2e.scenarios.history import history
from e2e.scenarios.invitations import invitations
from e2e.scenarios.marks import marks
from e2e.scenarios.notifications import notifications
from e2e.scenarios.order import order
from e2e.scenarios.people import people
from e2e.scenarios.problems import problems
from e2e.scenarios.profiles import profiles
from e2e.scenarios.realtime import realtime
from e2e.scenarios.report import Report
from e2e.scenarios.roles import roles
from e2e.scenarios.stage import Stage
from e2e.scenarios.tokens import tokens

Scenario = Callable[[Stage], Awaitable[None]]

SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        chat,
        tokens,
        profiles,
        people,
        conversations,
        roles,
        invitations,
        direct,
        history,
        editing,
        marks,
        realtime,
        order,
        notifications,
        exports,
        deletion,
        problems,
    )
}


async def run(
    base_url: str, *, only: Sequence[str] = (), report: Report | None = None, within: timedelta = timedelta(seconds=15)
) -> dict[str, Exception | None]:
    """Play scenarios one after another against a platform, each with people of its own.

    Returns each one's error, or None where it passed; one that fails does not keep the next from running.
    """
    report = report or Report()
    outcomes: dict[str, Exception | None] = {}
    for name in only or SCENARIOS:
        report.say(f"{name}")
        outcomes[name] = await _outcome(SCENARIOS[name], Stage(base_url=base_url, report=report, within=within))
    return outcomes


async def _outcome(scenario: Scenario, stage: Stage) -> Exception | None:
    try:
        async with stage:
            await scenario(stage)
    except Exception as error:
        return error
    return None
