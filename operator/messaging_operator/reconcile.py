"""One look at one platform: read what is there, plan, carry the plan out, say in the status what is and why.

Called by handlers.py for each key of the queue and by tests directly. It keeps nothing of what it saw between two
looks; whatever happens to it half way, the next look goes on from what is there.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from messaging_operator import metrics
from messaging_operator.cluster import Cluster
from messaging_operator.desired import Desired, Manifest, Platform, build
from messaging_operator.events import Recorder
from messaging_operator.execution import carry_out
from messaging_operator.health import WORKLOADS, Health, health_of
from messaging_operator.kinds import BY_NAME, OBSERVED, PLATFORM, SECRET, ObjectKey, key_of
from messaging_operator.names import API_GROUP
from messaging_operator.observed import Observed, component_of, is_leaving, labels_of
from messaging_operator.plan import AnyAction, Apply, CreateSecret, Plan, Problem, make_plan
from messaging_operator.spec import PlatformSpec, SpecError, parse_spec
from messaging_operator.status import Assessment, Component, differs, make_status
from messaging_operator.turns import Turns
from messaging_operator.versions import OPERATOR_VERSION, is_supported, supported_lines

RESYNC = timedelta(minutes=10)
AGAIN_AFTER_PROBLEM = timedelta(seconds=10)
"""How soon to look again at what no watch tells: the Secrets and objects of others."""
AGAIN_AFTER_ACTIONS = timedelta(seconds=2)
PASSES = 6
"""How often one look plans anew after its own writes, at most; a fresh platform takes three."""

OPERATOR_CLASS_LABEL = f"{API_GROUP}/operator-class"
"""The label by which a resource chooses among several operators; without it, it is for those without a class."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, order=True)
class PlatformKey:
    """Names one MessagingPlatform."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class _Outcome:
    """How one look ended: what was there last, what was planned for it, what was refused, whether it has to wait."""

    observed: Observed
    plan: Plan
    refusals: Sequence[Problem] = ()
    waits: bool = False


class Reconciler:
    """Makes platforms what their resources say; it serves the resources of `operator_class` only ('' is no class)."""

    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        *,
        operator_class: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._class = operator_class
        self._clock = clock
        self._turns = Turns()
        self._built: dict[PlatformKey, tuple[tuple[str, int], Desired]] = {}

    async def reconcile(self, key: PlatformKey) -> timedelta | None:
        """Look at one platform; return in what time to look again at the latest, or None when it is gone.

        Raises UnreachableError when the API server does not answer, and whatever the cluster's fence raises.
        """
        resource = await self._cluster.read(PLATFORM, key.namespace, key.name)
        if resource is None or is_leaving(resource) or not self._serves(resource):
            self._built.pop(key, None)
            self._turns.leave(key)
            return None
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(platform=str(key)):
            again = await self._reconcile(resource)
        metrics.RECONCILE_SECONDS.observe(time.monotonic() - started)
        return again

    def _serves(self, resource: Manifest) -> bool:
        return labels_of(resource).get(OPERATOR_CLASS_LABEL, "") == self._class

    async def _reconcile(self, resource: Manifest) -> timedelta:
        metadata = resource["metadata"]
        spec, problem = _read_spec(resource)
        if spec is None or problem is not None:
            url = str(resource["spec"].get("gateway", {}).get("externalURL", ""))
            version = str(resource["spec"].get("version", ""))
            problems, former = [problem] if problem else [], resource.get("status") or {}
            await self._tell(
                resource, Assessment(metadata["generation"], version, url, problems=problems, former=former)
            )
            return RESYNC
        platform = Platform(metadata["name"], metadata["namespace"], metadata["uid"], spec)
        desired = self._build(platform, metadata["generation"])
        outcome = await self._settle(platform, desired, resource)
        await self._tell(resource, _assess(platform, desired, outcome))
        if outcome.plan.problems or outcome.refusals or outcome.waits:
            return AGAIN_AFTER_PROBLEM
        return AGAIN_AFTER_ACTIONS if outcome.plan.actions and not spec.paused else RESYNC

    def _build(self, platform: Platform, generation: int) -> Desired:
        """Return the desired state, from the last look where the generation is the same: it takes 0.1 s of CPU."""
        place = PlatformKey(platform.namespace, platform.name)
        identity = (platform.uid, generation)
        if place not in self._built or self._built[place][0] != identity:
            self._built[place] = (identity, build(platform))
        return self._built[place][1]

    async def _settle(self, platform: Platform, desired: Desired, resource: Manifest) -> _Outcome:
        """Carry out plan after plan until one is empty or refused, or has no effect, or the passes are used up."""
        former: tuple[AnyAction, ...] = ()
        refusals: list[Problem] = []
        for _ in range(PASSES):
            observed, plan = await self._plan(platform, desired, resource)
            waits = not self._may_roll(platform, plan, observed)
            if not plan.actions or platform.spec.paused or waits:
                return _Outcome(observed, plan, waits=waits)
            if plan.actions == former:
                log.warning("writes_without_effect", actions=[str(action) for action in former])
                break
            refusals = await carry_out(plan, desired, self._cluster)
            if refusals:
                break
            former = plan.actions
        return _Outcome(observed, plan, refusals)

    async def _plan(self, platform: Platform, desired: Desired, resource: Manifest) -> tuple[Observed, Plan]:
        """Return what is there and the plan for it; what the plan would make anew has been looked for by name."""
        observed = await self._observe(platform, desired, resource)
        plan = make_plan(platform, desired, observed)
        if unlabelled := await self._read_unknown(platform.namespace, plan, observed):
            observed = replace(observed, objects={**observed.objects, **unlabelled})
            plan = make_plan(platform, desired, observed)
        return observed, plan

    def _may_roll(self, platform: Platform, plan: Plan, observed: Observed) -> bool:
        key, generation = PlatformKey(platform.namespace, platform.name), observed.resource["metadata"]["generation"]
        if not plan.fingerprint:
            return True
        return self._turns.may_roll(key, generation=generation, status=observed.status, fingerprint=plan.fingerprint)

    async def _observe(self, platform: Platform, desired: Desired, resource: Manifest) -> Observed:
        """Read everything anew: by label what is ours, by name the Secrets of others."""
        labels = {"app.kubernetes.io/instance": platform.name, "app.kubernetes.io/name": "messaging"}
        lists = await asyncio.gather(
            *(self._cluster.list(kind, platform.namespace, labels=labels) for kind in OBSERVED)
        )
        found = {key_of(live): live for lives in lists for live in lives}
        pods = tuple(live for key, live in found.items() if key.kind == "Pod")
        others = {ObjectKey(SECRET.name, reference.name) for reference in desired.references}
        references = await self._read_all(platform.namespace, others)
        objects = {key: live for key, live in found.items() if key.kind != "Pod"}
        return Observed(resource, objects, pods, {key.name: live for key, live in references.items()})

    async def _read_unknown(self, namespace: str, plan: Plan, observed: Observed) -> dict[ObjectKey, Manifest]:
        """Return what stands, without our labels, where the plan would make something."""
        made = [action.manifest for action in plan.actions if isinstance(action, Apply)]
        made += [action.secret.manifest for action in plan.actions if isinstance(action, CreateSecret)]
        return await self._read_all(namespace, {key_of(manifest) for manifest in made} - observed.objects.keys())

    async def _read_all(self, namespace: str, keys: Iterable[ObjectKey]) -> dict[ObjectKey, Manifest]:
        chosen = sorted(keys)
        lives = await asyncio.gather(*(self._cluster.read(BY_NAME[key.kind], namespace, key.name) for key in chosen))
        return {key: live for key, live in zip(chosen, lives, strict=True) if live is not None}

    async def _tell(self, resource: Manifest, seen: Assessment) -> None:
        status = make_status(seen, now=self._clock())
        metadata = resource["metadata"]
        for condition in status["conditions"]:
            labels = (metadata["namespace"], metadata["name"], condition["type"])
            metrics.CONDITION.labels(*labels).set(condition["status"] == "True")
        if not differs(status, resource.get("status") or {}):
            return
        identity = {name: metadata[name] for name in ("name", "namespace", "uid")}
        head = {"apiVersion": PLATFORM.api_version, "kind": PLATFORM.name, "metadata": identity}
        await self._cluster.merge({**head, "status": status}, subresource="status")
        await self._recorder.changes(resource, status)


def _read_spec(resource: Manifest) -> tuple[PlatformSpec | None, Problem | None]:
    try:
        spec = parse_spec(resource["spec"], strict=False)
    except SpecError as error:
        return None, Problem("SpecInvalid", "spec", str(error))
    if not is_supported(spec.version):
        message = f"operator {OPERATOR_VERSION} runs versions {supported_lines()}, not {spec.version}"
        return spec, Problem("UnsupportedVersion", "spec.version", message)
    return spec, None


def _assess(platform: Platform, desired: Desired, outcome: _Outcome) -> Assessment:
    observed, plan = outcome.observed, outcome.plan
    entered = {stage.name for stage in plan.stages if stage.entered}
    return Assessment(
        generation=observed.resource["metadata"]["generation"],
        version=platform.spec.version,
        url=platform.spec.gateway.external_url,
        components=[_component_seen(workload, observed) for workload in desired.objects() if _is_workload(workload)],
        plan=plan,
        problems=outcome.refusals,
        paused=platform.spec.paused,
        waits=outcome.waits,
        migrations_entered="migrations" in entered,
        former=observed.status,
    )


def _component_seen(workload: Manifest, observed: Observed) -> Component:
    live = observed.objects.get(key_of(workload))
    if live is None:
        return Component(component_of(workload), Health(ready=False, serving=False))
    return Component(component_of(workload), health_of(live, observed.pods_of(live)))


def _is_workload(manifest: Manifest) -> bool:
    return manifest["kind"] in WORKLOADS
