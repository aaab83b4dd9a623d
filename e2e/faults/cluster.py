"""A platform on a local kind cluster: pods by kubectl, their processes by containerd on the node."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from e2e import shell
from e2e.docker import docker
from e2e.faults.target import PARTS, Part, Process, Target

READY_WITHIN = timedelta(minutes=3)
COMPONENT = "app.kubernetes.io/component"
Pod = Mapping[str, Any]


class ClusterTarget(Target):
    """`kubectl` is the program to call, `context` the cluster's name in the kubeconfig."""

    def __init__(
        self,
        base_url: str,
        *,
        context: str,
        kubectl: str = "kubectl",
        namespace: str = "default",
        platform: str = "demo",
    ) -> None:
        super().__init__(base_url)
        self._kubectl_words = [kubectl, "--context", context, "--namespace", namespace]
        self._platform = platform

    def kill(self, part: Part) -> str:
        """Kill the process of one pod, of several the one that was killed least; the kubelet starts it again."""
        pod = min((pod for pod in self._pods(part) if _runs(pod)), key=_restarts)
        self._signal(pod, "SIGKILL")
        return str(pod["metadata"]["name"])

    def stop(self, part: Part) -> None:
        """Pause the operator's hand on the platform, then scale the part to none and wait until it is gone."""
        self._patch({"paused": True})
        self._scale(part, 0)
        name = f"{self._platform}-{part}-0"
        self._kubectl("wait", f"pod/{name}", "--for=delete", f"--timeout={READY_WITHIN.total_seconds():.0f}s")

    def start(self, part: Part) -> None:
        """Scale the part up and let the operator go on."""
        self._scale(part, 1)
        self._patch({"paused": False})

    def hold(self, part: Part) -> None:
        """Send SIGSTOP to the processes of its pods."""
        for pod in self._pods(part):
            self._signal(pod, "SIGSTOP")

    def release(self, part: Part) -> None:
        """Send SIGCONT."""
        for pod in self._pods(part):
            self._signal(pod, "SIGCONT")

    def scale_message(self, replicas: int) -> None:
        """Ask the operator for that many pods and wait until all are ready."""
        self._patch({"services": {"message": {"replicas": replicas}}})
        deployment, within = f"deployment/{self._platform}-message", f"--timeout={READY_WITHIN.total_seconds():.0f}s"
        self._kubectl("wait", deployment, f"--for=jsonpath={{.spec.replicas}}={replicas}", within)
        self._kubectl("rollout", "status", deployment, within)

    def processes(self) -> Sequence[Process]:
        """Of every pod, its identity and how often its containers were restarted."""
        return [
            Process(part, pod["metadata"]["name"], f"{pod['metadata']['uid']} {_restarts(pod)}", _is_ready(pod))
            for pod in self._pods()
            if (part := pod["metadata"]["labels"].get(COMPONENT)) in PARTS
        ]

    def _pods(self, part: Part | None = None) -> list[Pod]:
        """The pods of a part, or of all; those of jobs, and those that are going, are left out."""
        selector = f"app.kubernetes.io/instance={self._platform}" + (f",{COMPONENT}={part}" if part else "")
        listed = json.loads(self._kubectl("get", "pods", "--selector", selector, "--output", "json"))
        return [pod for pod in listed["items"] if _lasts(pod)]

    def _signal(self, pod: Pod, name: str) -> None:
        container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        node = pod["spec"]["nodeName"]
        docker("exec", node, "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", name, container)

    def _patch(self, spec: Mapping[str, Any]) -> None:
        patch = json.dumps({"spec": spec})
        self._kubectl("patch", f"messagingplatform/{self._platform}", "--type=merge", f"--patch={patch}")

    def _scale(self, part: Part, replicas: int) -> None:
        self._kubectl("scale", f"statefulset/{self._platform}-{part}", f"--replicas={replicas}")

    def _kubectl(self, *words: str) -> str:
        return shell.run([*self._kubectl_words, *words], timeout=READY_WITHIN + timedelta(seconds=30))


def _lasts(pod: Pod) -> bool:
    owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", [])}
    return "Job" not in owners and "deletionTimestamp" not in pod["metadata"]


def _restarts(pod: Pod) -> int:
    return sum(status["restartCount"] for status in pod["status"].get("containerStatuses", []))


def _runs(pod: Pod) -> bool:
    statuses = pod["status"].get("containerStatuses", [])
    return bool(statuses) and all("running" in status["state"] for status in statuses)


def _is_ready(pod: Pod) -> bool:
    statuses = pod["status"].get("containerStatuses", [])
    return bool(statuses) and all(status["ready"] for status in statuses)
