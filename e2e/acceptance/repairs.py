"""Whatever is deleted or changed by hand comes back."""

from datetime import timedelta

from e2e.acceptance.subject import Object, Subject


def a_deleted_deployment_comes_back(subject: Subject) -> None:
    """Delete the message service's Deployment; another one takes its place and the platform is ready again."""
    name = f"{subject.name}-message"
    before = _uid(subject.get("deployment", name))

    subject.cluster.kubectl("delete", "deployment", name)

    subject.eventually("a new Deployment", lambda: _uid(subject.get("deployment", name)) not in {None, before})
    subject.wait_until_ready()


def a_scaled_service_gets_its_fixed_number_of_pods_back(subject: Subject) -> None:
    """Scale a service with fixed replicas to 3; it has one again."""
    name = f"{subject.name}-user"

    subject.cluster.kubectl("scale", "deployment", name, "--replicas=3")

    subject.eventually("one replica", lambda: _replicas(subject.get("deployment", name)) == 1)
    subject.wait_until_ready()


def an_autoscaled_service_at_zero_is_raised(subject: Subject) -> None:
    """Give a service an autoscaler, scale it to 0 by hand (which switches an HPA off for good); it is raised to the
    minimum.
    """
    name = f"{subject.name}-notification"
    subject.patch({"services": {"notification": {"autoscaling": {"minReplicas": 1, "maxReplicas": 2}}}})
    subject.eventually("an autoscaler", lambda: subject.get("hpa", name))
    subject.wait_until_ready()

    subject.cluster.kubectl("scale", "deployment", name, "--replicas=0")

    subject.eventually("a replica", lambda: _replicas(subject.get("deployment", name)) >= 1)
    subject.patch({"services": {"notification": {"autoscaling": None}}})
    subject.eventually("no autoscaler", lambda: subject.get("hpa", name) is None)
    subject.wait_until_ready()


def a_deleted_configmap_of_the_gateway_comes_back(subject: Subject) -> None:
    """Delete the gateway's ConfigMap; one with the same content takes its place."""
    name = f"{subject.name}-gateway"
    before = subject.get("configmap", name) or {}

    subject.cluster.kubectl("delete", "configmap", name)

    after = subject.eventually("the ConfigMap", lambda: subject.get("configmap", name))
    assert after["data"] == before["data"]
    subject.wait_until_ready()


def a_deleted_pod_of_the_database_keeps_its_data(subject: Subject) -> None:
    """Delete MySQL's pod; it comes back on the same volume and the platform is ready again."""
    claim = f"data-{subject.name}-mysql-0"
    before = _uid(subject.get("pvc", claim))

    subject.cluster.kubectl("delete", "pod", f"{subject.name}-mysql-0")

    subject.wait_until_ready(within=timedelta(minutes=3))
    assert _uid(subject.get("pvc", claim)) == before


def _uid(found: Object | None) -> str | None:
    return str(found["metadata"]["uid"]) if found else None


def _replicas(found: Object | None) -> int:
    return int(found["spec"].get("replicas", 0)) if found else 0
