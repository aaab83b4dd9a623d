"""A plan carried out: its actions as requests, in its order.

Called by reconcile.py. Names and reasons of actions are logged, values of Secrets never.
"""

import structlog

from messaging_operator import generation
from messaging_operator.cluster import Cluster, ConflictError, RefusedError
from messaging_operator.desired import Desired, Manifest
from messaging_operator.kinds import SECRET
from messaging_operator.observed import component_of
from messaging_operator.plan import AddKeys, AnyAction, Apply, CreateSecret, Delete, Merge, Plan, Problem

log = structlog.get_logger(__name__)


async def carry_out(plan: Plan, desired: Desired, cluster: Cluster) -> list[Problem]:
    """Write what the plan says, in its order; return what was refused, whose later stages are left out."""
    refusals: list[Problem] = []
    barred: set[str] = set()
    for action in plan.actions:
        if action.stage and action.stage in barred:
            continue
        log.info("write", action=str(action), reason=action.reason)
        try:
            await _do(action, cluster)
        except ConflictError as error:
            log.info("write_came_late", action=str(action), error=error.message)
        except RefusedError as error:
            message = f"the API server refused to {action}: {error.message}"
            refusals.append(Problem("ApplyRefused", _component(action), message))
            barred |= _dependents(desired, action.stage)
    return refusals


async def _do(action: AnyAction, cluster: Cluster) -> None:
    match action:
        case Apply():
            await cluster.apply(action.manifest, manager=action.manager)
        case CreateSecret():
            await cluster.create(generation.with_values(action.secret))
        case AddKeys():
            await cluster.merge(_with_keys(action))
        case Merge():
            await cluster.merge(action.manifest)
        case Delete():
            await cluster.delete(action.live, propagation=action.propagation)


def _dependents(desired: Desired, stage: str) -> set[str]:
    """Return the stages that wait for `stage`, directly or not."""
    found = {stage}
    for later in desired.stages:
        if found & set(later.after):
            found.add(later.name)
    return found - {stage}


def _component(action: AnyAction) -> str:
    match action:
        case CreateSecret() | AddKeys():
            return component_of(action.secret.manifest)
        case Delete():
            return component_of(action.live)
        case Apply() | Merge():
            return component_of(action.manifest) or str(action.manifest["metadata"]["name"])


def _with_keys(action: AddKeys) -> Manifest:
    secret, metadata = action.secret, action.live["metadata"]
    identity = {name: metadata[name] for name in ("name", "namespace", "resourceVersion")}
    values = {
        key: secret.fixed[key] if key in secret.fixed else generation.random_text(secret.keys[key])
        for key in action.keys
    }
    return {"apiVersion": SECRET.api_version, "kind": SECRET.name, "metadata": identity, "stringData": values}
