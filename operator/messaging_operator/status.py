"""The status of a platform: what a person and ``kubectl wait`` read. Pure; the truth table stands in docs/status.md.

Called by reconcile.py after each pass. Conditions change their ``lastTransitionTime`` only when their status changes,
and a status that says what the last one said is not written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from messaging_operator import names
from messaging_operator.desired import Manifest
from messaging_operator.health import Health
from messaging_operator.plan import Plan, Problem

CHAT: tuple[str, ...] = (names.MYSQL, names.RABBITMQ, "auth", "message", names.GATEWAY)
"""The components without which people cannot chat; those that a platform does not run itself do not count."""

_MESSAGE_LIMIT = 1024
_MIGRATION = "migrate-"


@dataclass(frozen=True)
class Component:
    """One workload of a platform as seen now."""

    name: str
    health: Health

    @property
    def is_migration(self) -> bool:
        """Return whether this is the Job of a migration."""
        return self.name.startswith(_MIGRATION)


@dataclass(frozen=True)
class Assessment:
    """All that a status follows from.

    `plan` is None when the spec cannot be carried out (`problems` say why). `waits` says that it is not carried out yet
    because other platforms are being changed by a new operator.
    """

    generation: int
    version: str
    url: str
    components: Sequence[Component] = ()
    plan: Plan | None = None
    problems: Sequence[Problem] = ()
    paused: bool = False
    waits: bool = False
    migrations_entered: bool = True
    former: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """A condition without its times."""

    status: bool
    reason: str
    message: str


def make_status(seen: Assessment, *, now: datetime) -> dict[str, Any]:
    """Return the whole status; fields that no longer apply are None, as a merge patch removes them."""
    ready = _ready(seen)
    verdicts = {
        "Available": _available(seen),
        "Ready": ready,
        "Progressing": _progressing(seen, ready),
        "Degraded": _degraded(seen),
        "Stalled": _stalled(seen),
        "MigrationsApplied": _migrations(seen),
    }
    rolled_out = seen.plan is not None and seen.plan.rolled_out and not seen.problems
    former = seen.former
    return {
        "observedGeneration": seen.generation,
        "version": seen.version if rolled_out else former.get("version"),
        "rolledOut": seen.plan.fingerprint if seen.plan is not None and rolled_out else former.get("rolledOut"),
        "url": seen.url or former.get("url"),
        "components": _rows(seen) if seen.plan is not None else former.get("components"),
        "conditions": [
            _condition(name, verdict, seen.generation, former.get("conditions") or (), now)
            for name, verdict in verdicts.items()
        ],
    }


def differs(status: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Return whether `status` says anything that `live` does not."""
    return any(value != live.get(name) for name, value in status.items())


def _available(seen: Assessment) -> Verdict:
    if seen.plan is None:
        return _kept(seen, "Available")
    away = [one.name for one in seen.components if one.name in CHAT and not one.health.serving]
    if away or not seen.components:
        return Verdict(False, "ComponentsUnavailable", f"Without a ready pod: {', '.join(away) or 'everything'}")
    return Verdict(True, "Serving", "People can chat")


def _ready(seen: Assessment) -> Verdict:
    troubles = _troubles(seen)
    if seen.plan is not None and seen.plan.rolled_out and not seen.problems:
        return Verdict(True, "RolledOut", f"Generation {seen.generation} serves")
    if seen.waits:
        return _kept(seen, "Ready")
    if troubles:
        return Verdict(False, troubles[0].reason, _joined(troubles))
    return Verdict(False, "RollingOut", _waiting(seen))


def _progressing(seen: Assessment, ready: Verdict) -> Verdict:
    if seen.paused:
        count = len(seen.plan.actions) if seen.plan else 0
        return Verdict(False, "Paused", f"spec.paused is true; changes that wait: {count}")
    if seen.waits:
        return Verdict(True, "WaitsForTurn", "What this operator changes waits until other platforms have been changed")
    if ready.status:
        return Verdict(False, "RolledOut", ready.message)
    if stuck := [trouble for trouble in _troubles(seen) if trouble.needs_person]:
        return Verdict(False, "Stalled", _joined(stuck))
    return Verdict(True, "RollingOut", _waiting(seen))


def _degraded(seen: Assessment) -> Verdict:
    if troubles := _troubles(seen):
        return Verdict(True, troubles[0].reason, _joined(troubles))
    return Verdict(False, "NoFailure", "Nothing fails")


def _stalled(seen: Assessment) -> Verdict:
    if stuck := [trouble for trouble in _troubles(seen) if trouble.needs_person]:
        return Verdict(True, stuck[0].reason, _joined(stuck))
    return Verdict(False, "NotStalled", "Nothing waits for a person")


def _migrations(seen: Assessment) -> Verdict:
    if seen.plan is None:
        return _kept(seen, "MigrationsApplied")
    jobs = [one for one in seen.components if one.is_migration]
    open_jobs = [one for one in jobs if not one.health.ready]
    if jobs and not open_jobs:
        return Verdict(True, "Applied", f"Every database has the schema of {seen.version}")
    for reason, chosen in (
        ("Failed", [one for one in open_jobs if one.health.failure and one.health.failure.needs_person]),
        ("Retrying", [one for one in open_jobs if one.health.retrying]),
        ("Blocked", [one for one in open_jobs if one.health.failure]),
    ):
        if chosen:
            return Verdict(False, reason, _joined(_failures(chosen)))
    if not seen.migrations_entered:
        return Verdict(False, "Pending", "Migrations wait for the database")
    return Verdict(False, "Running", f"Under way: {', '.join(one.name for one in open_jobs) or 'none yet'}")


def _troubles(seen: Assessment) -> list[Problem]:
    """Return everything that is wrong, what needs a person first."""
    found = [*seen.problems, *(seen.plan.problems if seen.plan else ()), *_failures(seen.components)]
    return sorted(found, key=lambda trouble: not trouble.needs_person)


def _failures(components: Sequence[Component]) -> list[Problem]:
    return [
        Problem(one.health.failure.reason, one.name, one.health.failure.message, one.health.failure.needs_person)
        for one in components
        if one.health.failure is not None
    ]


def _joined(troubles: Sequence[Problem]) -> str:
    text = "; ".join(f"{trouble.component}: {trouble.message}" for trouble in troubles)
    return text if len(text) <= _MESSAGE_LIMIT else text[: _MESSAGE_LIMIT - 1] + "…"


def _waiting(seen: Assessment) -> str:
    stages = seen.plan.stages if seen.plan else ()
    waiting = [
        f"{stage.name} ({', '.join(stage.waiting_for)})" for stage in stages if stage.entered and not stage.ready
    ]
    if not waiting:
        waiting = [f"{stage.name} ({', '.join(stage.waiting_for)})" for stage in stages if not stage.ready][:1]
    return "Waiting for " + ("; ".join(waiting) or "the first pass")


def _kept(seen: Assessment, name: str) -> Verdict:
    """Return a condition as it was: without a usable spec nothing new is known of it."""
    for condition in seen.former.get("conditions") or ():
        if condition["type"] == name:
            return Verdict(condition["status"] == "True", condition["reason"], condition["message"])
    return Verdict(False, "NotRolledOut", "Nothing has been rolled out")


def _rows(seen: Assessment) -> list[Manifest]:
    """Return a row for each component, with the first trouble that names it; other parts have one only in trouble."""
    first = {trouble.component: trouble for trouble in reversed(_troubles(seen))}
    nothing = Health(ready=False, serving=False)
    others = [Component(name, nothing) for name in sorted(first.keys() - {one.name for one in seen.components})]
    return [_row(component, first.get(component.name)) for component in (*seen.components, *others)]


def _row(component: Component, trouble: Problem | None) -> Manifest:
    health = component.health
    state = "Failing" if trouble else "Ready" if health.ready else "Progressing" if health.want else "Waiting"
    row: Manifest = {"name": component.name, "state": state, "ready": health.have, "desired": health.want}
    if trouble is not None:
        row |= {"reason": trouble.reason, "message": trouble.message[:_MESSAGE_LIMIT]}
    return row


def _condition(
    name: str, verdict: Verdict, generation: int, former: Sequence[Mapping[str, Any]], now: datetime
) -> Manifest:
    status = "True" if verdict.status else "False"
    since = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    for before in former:
        if before["type"] == name and before["status"] == status:
            since = before["lastTransitionTime"]
    return {
        "type": name,
        "status": status,
        "reason": verdict.reason,
        "message": verdict.message,
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }
