"""The status: the truth table of docs/status.md, times, and when there is anything to write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from messaging_operator.health import Failure, Health
from messaging_operator.plan import Plan, Problem, StageState
from messaging_operator.status import Assessment, Component, differs, make_status

TABLE = Path(__file__).parents[2] / "docs" / "status.md"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SERVICES = ("auth", "user", "message", "notification", "export")
STORES = ("mysql", "rabbitmq")

ABSENT = Health(ready=False, serving=False)
STARTING = Health(ready=False, serving=False, want=1)
WELL = Health(ready=True, serving=True, have=1, want=1)


def _broken(reason: str, *, serving: bool = False) -> Health:
    return Health(False, serving, have=int(serving), want=1, failure=Failure(reason, "because"))


MIGRATION_RETRYING = Health(False, False, want=1, failure=Failure("MigrationRetrying", "a pod"), retrying=True)


def _components(
    *, stores: Health = WELL, migrations: Health = WELL, services: Health = WELL, gateway: Health = WELL, **own: Health
) -> list[Component]:
    found = dict.fromkeys(STORES, stores)
    found |= {f"migrate-{name}": migrations for name in SERVICES}
    found |= dict.fromkeys(SERVICES, services) | {"gateway": gateway} | own
    return [Component(name, health) for name, health in found.items()]


def _plan(*, entered: int, ready: int, problems: tuple[Problem, ...] = ()) -> Plan:
    """Return a plan of which the first `entered` stages are entered and the first `ready` are ready."""
    names = ("database", "migrations", "services", "gateway")
    waiting = ("Something",)
    stages = [StageState(name, at < entered, at < ready, waiting) for at, name in enumerate(names)]
    return Plan((), problems, tuple(stages), "print")


def _seen(components: Sequence[Component], plan: Plan | None, **more: Any) -> Assessment:
    entered = plan is not None and any(stage.name == "migrations" and stage.entered for stage in plan.stages)
    return Assessment(
        generation=3,
        version="1.0.0",
        url="http://chat",
        components=components,
        plan=plan,
        **{"migrations_entered": entered, **more},
    )


def _problem(reason: str, *, needs_person: bool = True) -> Problem:
    return Problem(reason, "auth", "because", needs_person)


def _served_before() -> dict[str, Any]:
    return make_status(_seen(_components(), _plan(entered=4, ready=4)), now=NOW - timedelta(days=1))


NOTHING = _components(stores=ABSENT, migrations=ABSENT, services=ABSENT, gateway=ABSENT)
MIGRATING = {"services": ABSENT, "gateway": ABSENT}
DONE = _plan(entered=4, ready=4)
IN_SERVICES = _plan(entered=3, ready=2)

SITUATIONS: dict[str, Assessment] = {
    "nothing is there yet": _seen(NOTHING, _plan(entered=1, ready=0)),
    "the database starts": _seen(
        _components(stores=STARTING, migrations=ABSENT, services=ABSENT, gateway=ABSENT), _plan(entered=1, ready=0)
    ),
    "migrations run": _seen(_components(migrations=STARTING, **MIGRATING), _plan(entered=2, ready=1)),
    "a migration is tried again": _seen(
        _components(migrations=MIGRATION_RETRYING, **MIGRATING), _plan(entered=2, ready=1)
    ),
    "a migration has failed": _seen(
        _components(migrations=_broken("MigrationFailed"), **MIGRATING), _plan(entered=2, ready=1)
    ),
    "services start": _seen(_components(services=STARTING, gateway=ABSENT), IN_SERVICES),
    "everything is in place": _seen(_components(), DONE),
    "an upgrade's migration has failed": _seen(
        _components(migrations=_broken("MigrationFailed")), _plan(entered=2, ready=1)
    ),
    "an upgrade's image cannot be pulled": _seen(
        _components(message=_broken("ImagePullBackOff", serving=True)), IN_SERVICES
    ),
    "an upgrade makes no progress": _seen(
        _components(message=_broken("ProgressDeadlineExceeded", serving=True)), IN_SERVICES
    ),
    "a Secret of somebody else is missing": _seen(
        _components(migrations=STARTING, **MIGRATING),
        _plan(entered=2, ready=1, problems=(_problem("SecretMissing", needs_person=False),)),
    ),
    "the export service has no ready pod": _seen(_components(export=_broken("CrashLoopBackOff")), IN_SERVICES),
    "the message service has no ready pod": _seen(_components(message=_broken("CrashLoopBackOff")), IN_SERVICES),
    "a name is taken": _seen(_components(), _plan(entered=4, ready=3, problems=(_problem("NameTaken"),))),
    "a key is lost": _seen(_components(), _plan(entered=0, ready=0, problems=(_problem("KeyLost"),))),
    "a former platform's objects are being deleted": _seen(
        NOTHING, _plan(entered=0, ready=0, problems=(_problem("BeingDeleted", needs_person=False),))
    ),
    "the API server refuses an object": _seen(_components(), DONE, problems=[_problem("ApplyRefused")]),
    "paused with everything in place": _seen(_components(), DONE, paused=True),
    "a new operator's change waits for other platforms": _seen(
        _components(), IN_SERVICES, waits=True, former=_served_before()
    ),
    "the version is not one of this operator's": _seen(
        [], None, problems=[_problem("UnsupportedVersion")], former=_served_before()
    ),
}


def _rows() -> dict[str, list[str]]:
    """Return the truth table of the documentation: the situation and a cell for each condition."""
    lines = TABLE.read_text(encoding="utf-8").split("## What is said when")[1].split("## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_every_situation_is_documented_and_every_documented_one_is_tested() -> None:
    assert SITUATIONS.keys() == _rows().keys()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_conditions_are_those_of_the_documented_truth_table(situation: str) -> None:
    status = make_status(SITUATIONS[situation], now=NOW)

    said = [f"{condition['status']} {condition['reason']}" for condition in status["conditions"]]
    assert said == _rows()[situation]


def test_a_transition_time_changes_only_with_the_status() -> None:
    before = _served_before()
    broken = _components(export=_broken("CrashLoopBackOff"))

    after = make_status(_seen(broken, _plan(entered=3, ready=2), former=before), now=NOW)

    since = {condition["type"]: condition["lastTransitionTime"] for condition in after["conditions"]}
    assert since["Ready"] == "2026-01-02T03:04:05Z"
    assert since["Available"] == "2026-01-01T03:04:05Z"


def test_a_status_that_says_the_same_later_does_not_differ() -> None:
    before = _served_before()

    after = make_status(_seen(_components(), _plan(entered=4, ready=4), former=before), now=NOW)

    assert not differs(after, before)


def test_version_and_fingerprint_are_those_of_what_was_rolled_out_in_full() -> None:
    before = _served_before()
    upgrading = Assessment(4, "1.0.1", "http://chat", _components(), _plan(entered=2, ready=1), former=before)

    after = make_status(upgrading, now=NOW)

    assert (after["version"], after["rolledOut"], after["observedGeneration"]) == ("1.0.0", "print", 4)


def test_a_message_names_every_component_that_fails_and_what_needs_a_person_comes_first() -> None:
    broken = _components(export=_broken("CrashLoopBackOff"), user=_broken("InvalidImageName"))

    status = make_status(_seen(broken, IN_SERVICES), now=NOW)

    degraded = next(condition for condition in status["conditions"] if condition["type"] == "Degraded")
    assert degraded["reason"] == "InvalidImageName"
    assert degraded["message"] == "user: because; export: because"


def test_components_say_how_many_of_their_pods_are_ready_and_why_not() -> None:
    status = make_status(_seen(_components(export=_broken("CrashLoopBackOff")), IN_SERVICES), now=NOW)

    rows = {row["name"]: row for row in status["components"]}
    assert rows["mysql"] == {"name": "mysql", "state": "Ready", "ready": 1, "desired": 1}
    assert rows["export"] == {
        "name": "export",
        "state": "Failing",
        "ready": 0,
        "desired": 1,
        "reason": "CrashLoopBackOff",
        "message": "because",
    }


def test_a_component_that_lacks_a_secret_says_so_in_its_row() -> None:
    plan = _plan(entered=2, ready=1, problems=(_problem("SecretMissing", needs_person=False),))

    status = make_status(_seen(_components(migrations=STARTING, **MIGRATING), plan), now=NOW)

    rows = {row["name"]: row for row in status["components"]}
    assert (rows["auth"]["state"], rows["auth"]["reason"]) == ("Failing", "SecretMissing")
    assert rows["user"]["state"] == "Waiting"


def test_a_message_fits_the_field_however_much_fails() -> None:
    health = Health(False, False, want=1, failure=Failure("CrashLoopBackOff", "x" * 5000))

    status = make_status(_seen(_components(services=health), IN_SERVICES), now=NOW)

    assert max(len(condition["message"]) for condition in status["conditions"]) <= 1024
