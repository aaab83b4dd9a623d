"""Bad input is refused with a sentence that names the field; trouble shows in ``status`` while the old version serves
on.
"""

import copy
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from e2e import shell
from e2e.acceptance.subject import CheckError, Object, Subject
from e2e.cache import REPOSITORY

MISSING_IMAGE = "messaging/services:no-such-tag"
NOTICED = timedelta(seconds=30)
REFUSED: dict[str, dict[str, Any]] = {
    "colour": {"colour": "red"},
    "maxReplicas": {"services": {"auth": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}},
    "storage": {"database": {"managed": {"storage": "-5Gi"}}},
    "external": {"broker": {"managed": {"replicas": 1, "storage": "5Gi"}, "external": {"host": "broker.example"}}},
}
"""A word that the sentence must hold -> the part of the spec that is wrong."""


def every_rendered_manifest_is_accepted(subject: Subject) -> None:
    """``messaging-operator render`` prints what a strict API server takes, every object of it."""
    operator = Path(sys.executable).parent / "messaging-operator"
    rendered = shell.run([operator, "render", "-f", REPOSITORY / "k8s/platform.yaml"], cwd=REPOSITORY)
    said = subject.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=rendered)
    assert said.count("(server dry run)") == rendered.count("\nkind: ") + rendered.startswith("kind: ")


def bad_input_is_refused_by_name(subject: Subject) -> None:
    """An unknown field, replicas the wrong way round, a negative size, two kinds of broker: each is refused by name."""
    good = subject.platform()
    for word, wrong in REFUSED.items():
        manifest = {key: good[key] for key in ("apiVersion", "kind")} | {"metadata": {"name": "wrong"}}
        manifest["spec"] = {**copy.deepcopy(good["spec"]), **wrong}
        sentence = subject.refusal(manifest)
        if word not in sentence:
            raise CheckError(f"nothing of {word} in: {sentence.strip()}")


def every_pod_is_restricted(subject: Subject) -> None:
    """No pod of the platform breaks the pod security standard "restricted"."""
    said = subject.cluster.kubectl(
        "label", "--dry-run=server", "--overwrite", "namespace", "default",
        "pod-security.kubernetes.io/enforce=restricted", "--warnings-as-errors",
    )  # fmt: skip
    assert "labeled" in said


def a_wrong_image_shows_in_status_while_the_old_version_serves(subject: Subject) -> None:
    """A tag that does not exist is named in the status within 30 s, and people go on chatting; the way back is the
    way in.
    """
    subject.patch({"images": {"overrides": {"message": MISSING_IMAGE}}})

    condition = subject.eventually("a sentence on the image", lambda: _tells_of_the_image(subject), within=NOTICED)
    assert "message" in condition["message"]
    assert httpx.get(f"http://localhost:{subject.cluster.port}/healthz", timeout=5).is_success
    assert subject.condition("Available").get("status") == "True"

    subject.patch({"images": {"overrides": {"message": None}}})
    subject.wait_until_ready()


def _tells_of_the_image(subject: Subject) -> Object | None:
    for kind in ("Degraded", "Progressing", "MigrationsApplied", "Ready"):
        condition = subject.condition(kind)
        if "mage" in condition.get("message", "") + condition.get("reason", ""):
            return condition
    return None
