"""A platform on a local kind cluster: pods by kubectl, their processes by containerd on the node."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from e2e import shell
from e2e.docker import docker
from e2e.faults.target import Part, Target

STATEFUL_SETS: Mapping[Part, str] = {"broker": "rabbitmq", "database": "mysql"}
READY_WITHIN = timedelta(minutes=3)


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

    def kill_message(self) -> None:
        """Kill the process of one message pod on its node; the kubelet starts it again."""
        pod = self._pods("message")[0]
        container = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        node = pod["spec"]["nodeName"]
        docker("exec", node, "ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container)

    def stop(self, part: Part) -> None:
        """Pause the operator's hand on the platform, then scale the part to none and wait until it is gone."""
        self._pause(True)
        self._scale(part, 0)
        name = f"{self._platform}-{STATEFUL_SETS[part]}-0"
        self._kubectl("wait", f"pod/{name}", "--for=delete", f"--timeout={READY_WITHIN.total_seconds():.0f}s")

    def start(self, part: Part) -> None:
        """Scale the part up and let the operator go on."""
        self._scale(part, 1)
        self._pause(False)

    def processes(self) -> Mapping[str, str]:
        """Of every pod of ours, its identity and how often its containers were restarted."""
        found = {}
        for component in ("auth", "user", "message", "notification", "export", "gateway"):
            for pod in self._pods(component):
                restarts = sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
                found[str(pod["metadata"]["name"])] = f"{pod['metadata']['uid']} restarted {restarts} times"
        return found

    def _pods(self, component: str) -> list[dict[str, Any]]:
        selector = f"app.kubernetes.io/instance={self._platform},app.kubernetes.io/component={component}"
        listed = json.loads(self._kubectl("get", "pods", "--selector", selector, "--output", "json"))
        return [pod for pod in listed["items"] if pod["status"].get("phase") == "Running"]

    def _pause(self, paused: bool) -> None:
        patch = json.dumps({"spec": {"paused": paused}})
        self._kubectl("patch", f"messagingplatform/{self._platform}", "--type=merge", f"--patch={patch}")

    def _scale(self, part: Part, replicas: int) -> None:
        self._kubectl("scale", f"statefulset/{self._platform}-{STATEFUL_SETS[part]}", f"--replicas={replicas}")

    def _kubectl(self, *words: str) -> str:
        return shell.run([*self._kubectl_words, *words], timeout=READY_WITHIN + timedelta(seconds=30))
