"""How tests look into manifests: pods, references, everything of a platform."""

from collections.abc import Iterator
from typing import Any

from messaging_operator.desired import Desired, Manifest, Platform, build
from messaging_operator.spec import parse_spec

MINIMAL: dict[str, Any] = {"version": "1.0.0", "gateway": {"externalURL": "http://localhost:5000"}}


def make_platform(name: str = "demo", *, namespace: str = "chat", uid: str = "uid-1", **spec: Any) -> Platform:
    """A platform of a minimal spec with these fields in it."""
    return Platform(name=name, namespace=namespace, uid=uid, spec=parse_spec(MINIMAL | spec, strict=True))


def all_manifests(desired: Desired) -> list[Manifest]:
    """Secrets, claims and objects, in this order."""
    return [*(secret.manifest for secret in desired.secrets), *desired.claims, *desired.objects()]


def build_all(platform: Platform) -> list[Manifest]:
    """All manifests of a platform."""
    return all_manifests(build(platform))


def find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one manifest of that kind and name."""
    (found,) = [one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """The manifests of a kind."""
    return [one for one in manifests if one["kind"] == kind]


def pod_templates(manifests: list[Manifest]) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    """Every workload with its pod template."""
    for manifest in manifests:
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield manifest, manifest["spec"]["template"]


def containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    """All containers of a pod, those for its start too."""
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]
