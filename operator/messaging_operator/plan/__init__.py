"""The plan: desired state and observed state become ordered actions, each with a reason. Pure.

Called by reconcile.py. The order is that of a rollout: Secrets, then stage by stage, a stage being entered when those
it waits for are ready. A stage that is as it was when the platform last was rolled out in full is repaired at once: the
order is for changes, it does not hold up repairs.
"""

from messaging_operator import names
from messaging_operator.desired import Desired, Manifest, Platform, Stage
from messaging_operator.fields import owns
from messaging_operator.health import WORKLOADS, health_of
from messaging_operator.kinds import ObjectKey, key_of
from messaging_operator.names import FIELD_MANAGER
from messaging_operator.observed import Observed
from messaging_operator.plan.cleanup import plan_ownership, plan_prune, plan_stuck_pods
from messaging_operator.plan.model import (
    Action,
    AddKeys,
    AnyAction,
    Apply,
    CreateSecret,
    Delete,
    Merge,
    Plan,
    Problem,
    StageState,
)
from messaging_operator.plan.objects import at_least_live, obstacle, plan_object, plan_replicas
from messaging_operator.plan.secrets import missing_references, plan_secrets, stamped

__all__ = [
    "Action",
    "AddKeys",
    "AnyAction",
    "Apply",
    "CreateSecret",
    "Delete",
    "Merge",
    "Plan",
    "Problem",
    "StageState",
    "make_plan",
]


def make_plan(platform: Platform, desired: Desired, observed: Observed) -> Plan:
    """Return what to do now so that `observed` comes nearer to `desired`.

    While Secrets have to be made, the plan holds nothing else: what comes after depends on their values. While a key is
    lost or a Secret's name taken, it holds nothing: running pods still have what they need.
    """
    secret_actions, problems = plan_secrets(platform, desired, observed)
    if problems or secret_actions:
        waiting = tuple(StageState(stage.name, False, False, waiting_for=("Secrets",)) for stage in desired.stages)
        return Plan(() if problems else tuple(secret_actions), tuple(problems), waiting)
    volumes = Stage("volumes", tuple(at_least_live(claim, observed) for claim in desired.claims))
    stages = (volumes, *stamped(platform, desired, observed))
    fingerprint = _fingerprint(stages)
    rollout = _Rollout(platform, stages, observed)
    states = tuple(rollout.enter(stage) for stage in stages)
    problems = [*missing_references(desired, observed), *rollout.problems]
    rolled_out = all(state.ready for state in states) and not problems
    actions = [
        *plan_prune(platform, stages, observed, rolled_out=rolled_out),
        *rollout.actions,
        *plan_stuck_pods(observed),
        *plan_ownership(platform, desired, observed),
    ]
    return Plan(tuple(actions), tuple(problems), states, fingerprint)


def _fingerprint(stages: tuple[Stage, ...]) -> str:
    """Return what names a desired state: a word for each stage that has objects, ``name:digest``."""
    return " ".join(
        f"{stage.name}:{names.digest({stage.name: list(stage.objects)})}" for stage in stages if stage.objects
    )


class _Rollout:
    """Walks the stages in order and collects what each needs."""

    def __init__(self, platform: Platform, stages: tuple[Stage, ...], observed: Observed) -> None:
        self._platform = platform
        self._observed = observed
        self._rolled_out = frozenset((observed.status.get("rolledOut") or "").split())
        self._ready: set[str] = set()
        self._autoscalers = {
            manifest["spec"]["scaleTargetRef"]["name"]: manifest
            for stage in stages
            for manifest in stage.objects
            if manifest["kind"] == "HorizontalPodAutoscaler"
        }
        self.actions: list[AnyAction] = []
        self.problems: list[Problem] = []

    def enter(self, stage: Stage) -> StageState:
        """Plan one stage and return its state."""
        awaited = tuple(f"stage {name}" for name in stage.after if name not in self._ready)
        if awaited and _fingerprint((stage,)) not in self._rolled_out:
            for manifest in stage.objects:
                self._keep_replicas(manifest, stage.name)
            return StageState(stage.name, entered=False, ready=False, waiting_for=awaited)
        unready = tuple(str(key_of(manifest)) for manifest in stage.objects if not self._settle(manifest, stage.name))
        if not unready:
            self._ready.add(stage.name)
        return StageState(stage.name, entered=True, ready=not unready, waiting_for=unready)

    def _settle(self, manifest: Manifest, stage: str) -> bool:
        """Plan one object; return whether it is ready, or will be by the mere writing of it."""
        live = self._observed.objects.get(key_of(manifest))
        if problem := obstacle(manifest, live, self._platform):
            self.problems.append(problem)
            return False
        before = self._replicas(manifest, live, stage)
        change = plan_object(manifest, live, stage=stage)
        self.actions.extend([*before, *change] if live is not None else [*change, *before])
        if manifest["kind"] not in WORKLOADS:
            return True
        return not change and live is not None and health_of(live, self._observed.pods_of(live)).ready

    def _keep_replicas(self, manifest: Manifest, stage: str) -> None:
        """Raise an autoscaled Deployment of a stage that waits, unless its replicas are still fixed by us."""
        live = self._observed.objects.get(key_of(manifest))
        if live is None or obstacle(manifest, live, self._platform) is not None:
            return
        if not owns(live, FIELD_MANAGER, "spec", "replicas"):
            self.actions.extend(self._replicas(manifest, live, stage))

    def _replicas(self, manifest: Manifest, live: Manifest | None, stage: str) -> list[AnyAction]:
        name = manifest["metadata"]["name"]
        if manifest["kind"] != "Deployment" or name not in self._autoscalers:
            return []
        key = ObjectKey("HorizontalPodAutoscaler", self._autoscalers[name]["metadata"]["name"])
        return plan_replicas(manifest, live, self._autoscalers[name], self._observed.objects.get(key), stage=stage)
