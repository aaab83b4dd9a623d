"""Health: what a workload's status and pods tell, in reasons that stay the same from one attempt to the next."""

from typing import Any

import pytest
from messaging_operator.desired import Manifest
from messaging_operator.health import health_of


def _workload(kind: str = "Deployment", *, replicas: int = 2, generation: int = 2, **status: Any) -> Manifest:
    return {
        "kind": kind,
        "metadata": {"name": "demo-message", "generation": generation},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": generation, **status},
    }


def _settled(count: int = 2, **more: Any) -> dict[str, Any]:
    return dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count) | more


def _job(**status: Any) -> Manifest:
    return {"kind": "Job", "metadata": {"name": "demo-migrate-auth-1"}, "spec": {}, "status": status}


def _pod(*, conditions: tuple[dict[str, str], ...] = (), init: bool = False, **container: Any) -> Manifest:
    one = {"name": "app", "image": "img:1", "ready": False, "restartCount": 0, "state": {}, **container}
    statuses = {"initContainerStatuses" if init else "containerStatuses": [one]}
    return {"metadata": {"name": "pod-1"}, "status": {"conditions": list(conditions), **statuses}}


def _waiting(reason: str, message: str = "words") -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}}


def _ended(code: int, **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": "Error", **more}}


def test_a_deployment_is_ready_when_every_replica_is_of_the_new_template_and_available() -> None:
    assert health_of(_workload(**_settled()), []).ready


@pytest.mark.parametrize(
    "status",
    [
        _settled(observedGeneration=1),
        _settled(updatedReplicas=1),
        _settled(replicas=3),
        _settled(availableReplicas=1),
        {},
    ],
    ids=["status is of an older generation", "one is of the old template", "an old one is left", "one is away", "new"],
)
def test_a_deployment_is_not_ready_while(status: dict[str, Any]) -> None:
    assert not health_of(_workload(**status), []).ready


def test_a_stateful_set_is_ready_when_its_pods_are_of_the_new_revision() -> None:
    settled = _settled(currentRevision="b", updateRevision="b")
    rolling = _settled(currentRevision="a", updateRevision="b")

    assert health_of(_workload("StatefulSet", **settled), []).ready
    assert not health_of(_workload("StatefulSet", **rolling), []).ready


def test_what_does_not_exist_or_is_being_deleted_neither_serves_nor_is_ready() -> None:
    leaving = _workload(**_settled())
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert not health_of(None, []).serving
    assert not health_of(leaving, []).serving


@pytest.mark.parametrize(
    ("pod", "reason", "words"),
    [
        (_pod(**_waiting("ErrImagePull")), "ImagePullBackOff", "the image img:1 cannot be pulled"),
        (_pod(**_waiting("ImagePullBackOff")), "ImagePullBackOff", "the image img:1 cannot be pulled"),
        (_pod(**_waiting("CreateContainerConfigError", "no secret")), "CreateContainerConfigError", "no secret"),
        (_pod(init=True, **_waiting("InvalidImageName", "bad name")), "InvalidImageName", "bad name"),
        (
            _pod(
                restartCount=3,
                lastState=_ended(2, message="starting\nno key\n"),
                **_waiting("CrashLoopBackOff", "back-off 10s"),
            ),
            "CrashLoopBackOff",
            "ended with exit code 2 (Error): no key",
        ),
        (
            _pod(init=True, name="validate", state=_ended(1, message="unknown field")),
            "GatewayConfigRejected",
            "ended with exit code 1 (Error): unknown field",
        ),
        (
            _pod(restartCount=3, lastState=_ended(1), state={"running": {}}),
            "CrashLoopBackOff",
            "ended with exit code 1 (Error)",
        ),
        (
            _pod(
                conditions=({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "cpu"},)
            ),
            "Unschedulable",
            "cpu",
        ),
    ],
)
def test_a_failing_pod_says_why_with_its_name(pod: Manifest, reason: str, words: str) -> None:
    failure = health_of(_workload(**_settled(availableReplicas=1)), [pod]).failure

    assert failure is not None
    assert failure.reason == reason
    assert "pod-1" in failure.message
    assert words in failure.message


def test_a_container_that_starts_is_no_failure() -> None:
    assert health_of(_workload(), [_pod(**_waiting("ContainerCreating"))]).failure is None


def test_pods_that_cannot_be_created_are_a_failure() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}

    failure = health_of(_workload(conditions=[refused]), []).failure

    assert failure is not None
    assert (failure.reason, failure.message) == ("FailedCreate", "demo-message: exceeded quota")


def test_a_rollout_past_its_deadline_needs_a_person_and_says_what_its_pods_say() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}

    failure = health_of(_workload(conditions=[late]), [_pod(**_waiting("ErrImagePull"))]).failure

    assert failure is not None
    assert failure.needs_person
    assert "img:1" in failure.message


def test_a_job_is_ready_by_its_condition_and_not_by_its_counts() -> None:
    assert not health_of(_job(succeeded=1), []).ready
    assert health_of(_job(conditions=[{"type": "Complete", "status": "True"}]), []).ready


def test_a_job_with_attempts_left_is_retrying_and_one_without_has_failed() -> None:
    dead = _pod(state=_ended(1, message="table is locked"))
    retrying = health_of(_job(failed=1, active=1), [dead])
    failed = health_of(_job(failed=3, conditions=[{"type": "Failed", "status": "True", "message": "limit"}]), [dead])

    assert retrying.retrying
    assert retrying.failure is not None
    assert not retrying.failure.needs_person
    assert failed.failure is not None
    assert failed.failure.reason == "MigrationFailed"
    assert "table is locked" in failed.failure.message
    assert failed.failure.needs_person
