"""One namespace with one platform, the operator's reconciler, and stand-ins for what a control plane alone lacks.

Called by the tests of this folder. There are no controllers and no nodes: `Controllers` sets the statuses that they
would, and tests make the pods whose state matters to them.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient
from messaging_operator.cluster import Cluster, NotFoundError
from messaging_operator.crd import custom_resource_definition
from messaging_operator.desired import Manifest
from messaging_operator.events import Recorder
from messaging_operator.kinds import DEPLOYMENT, JOB, OBSERVED, PLATFORM, STATEFUL_SET, Kind, ObjectKey, key_of
from messaging_operator.names import API_VERSION, KIND
from messaging_operator.reconcile import PlatformKey, Reconciler

EXTERNAL_URL = "http://chat.example.com"
AT = "2026-01-01T00:00:00Z"


class CrashError(Exception):
    """Stands for the operator's process having been killed."""


@dataclass
class Fence:
    """Counts writes and, when told to, kills the operator before the one that would be too many."""

    writes: int = 0
    left: int | None = None

    def __call__(self) -> float:
        if self.left is not None:
            if self.left == 0:
                raise CrashError
            self.left -= 1
        self.writes += 1
        return float("inf")


@dataclass
class Api:
    """The API server in plain HTTP, as its administrator."""

    session: aiohttp.ClientSession
    url: str

    async def send(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Manifest]:
        """Send one request; return the status code and the answer."""
        async with self.session.request(method, self.url + path, json=body, params=query) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else {"message": await response.text()}

    async def create_definition(self) -> None:
        """Create the CRD and wait until platforms can be asked for."""
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, answer = await self.send("POST", path, custom_resource_definition())
        assert status == 201, answer
        for _ in range(100):
            if (await self.send("GET", platforms("default")))[0] == 200:
                return
            await asyncio.sleep(0.1)
        raise AssertionError("the resource is not served")

    async def merge(self, path: str, change: Manifest) -> tuple[int, Manifest]:
        """Merge-patch an object as somebody who is not the operator; return the status code and the answer."""
        headers = {"Content-Type": "application/merge-patch+json"}
        async with self.session.patch(self.url + path, data=json.dumps(change), headers=headers) as response:
            return response.status, await response.json()

    async def table(self, path: str) -> tuple[int, Manifest]:
        """List as ``kubectl get`` does; return the status code and the table."""
        accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        async with self.session.get(self.url + path, headers=accept) as response:
            return response.status, await response.json()

    async def create_namespace(self, name: str) -> None:
        """Create a namespace; AssertionError when that is refused."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        status, answer = await self.send("POST", "/api/v1/namespaces", body)
        assert status == 201, answer

    async def create_platform(self, namespace: str, spec: Manifest, name: str = "demo") -> tuple[int, Manifest]:
        """Try to create a platform as ``kubectl create`` would; return the status code and the answer."""
        return await self.send("POST", platforms(namespace), resource(namespace, name, spec), fieldValidation="Strict")


def platforms(namespace: str) -> str:
    """Return the path of a namespace's platforms."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/messagingplatforms"


def resource(namespace: str, name: str, spec: Manifest) -> Manifest:
    """Return a MessagingPlatform."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def minimal(**changes: Any) -> Manifest:
    """Return the smallest spec there is, with changes."""
    return {"version": "1.0.0", "gateway": {"externalURL": EXTERNAL_URL}, **changes}


@dataclass
class World:
    """A namespace, a platform called `name` in it and an operator."""

    api: Api
    namespace: str
    client: ApiClient
    name: str = "demo"
    fence: Fence = field(default_factory=Fence)
    operator_class: str = ""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.hand = Cluster(self.client)
        self.restart()

    def restart(self) -> None:
        """Start the operator anew: nothing of the former one is left."""
        cluster = Cluster(self.client, fence=self.fence)
        recorder = Recorder(cluster, clock=self.clock)
        self.reconciler = Reconciler(cluster, recorder, operator_class=self.operator_class, clock=self.clock)

    async def declare(self, **changes: Any) -> None:
        """Create the platform with a small spec and `changes`; network policies would be a quarter of all writes."""
        spec = minimal(**{"networkPolicy": {"enabled": False}, **changes})
        status, answer = await self.api.create_platform(self.namespace, spec, self.name)
        assert status == 201, answer

    async def change(self, spec: Manifest) -> None:
        """Merge `spec` into the platform's, as ``kubectl patch`` does; AssertionError when that is refused."""
        path = f"{platforms(self.namespace)}/{self.name}?fieldValidation=Strict"
        status, answer = await self.api.merge(path, {"spec": spec})
        assert status == 200, answer

    async def look(self) -> int:
        """Have the operator look at the platform once; return how many writes it made."""
        before = self.fence.writes
        await self.reconciler.reconcile(PlatformKey(self.namespace, self.name))
        return self.fence.writes - before

    async def roll_out(self, *, looks: int = 10) -> None:
        """Look and let controllers answer until nothing changes any more."""
        for _ in range(looks):
            wrote = await self.look()
            if not await self.controllers() and not wrote:
                return
        raise AssertionError(f"still not at rest after {looks} looks: {await self.conditions()}")

    async def live(self, kind: Kind, name: str) -> Manifest:
        """Return an object that must be there."""
        found = await self.hand.read(kind, self.namespace, name)
        assert found is not None, f"{kind.name} {name} does not exist"
        return found

    async def gone(self, kind: Kind, name: str) -> bool:
        """Return whether an object is not there (any more)."""
        return await self.hand.read(kind, self.namespace, name) is None

    async def objects(self) -> dict[ObjectKey, Manifest]:
        """Return every object of every kind that a platform may consist of."""
        lists = [await self.hand.list(kind, self.namespace, labels={}) for kind in OBSERVED]
        return {key_of(live): live for lives in lists for live in lives}

    async def platform(self) -> Manifest:
        """Return the resource itself."""
        return await self.live(PLATFORM, self.name)

    async def conditions(self) -> dict[str, Manifest]:
        """Return the platform's conditions by type."""
        status = (await self.platform()).get("status") or {}
        return {condition["type"]: condition for condition in status.get("conditions", [])}

    async def is_true(self, condition: str) -> bool:
        """Return whether a condition of the platform is True."""
        return bool((await self.conditions())[condition]["status"] == "True")

    async def set_status(self, live: Manifest, status: Manifest) -> None:
        """Merge into an object's status what a controller would."""
        identity = {name: live["metadata"][name] for name in ("name", "namespace")}
        head = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": identity}
        await self.hand.merge({**head, "status": status}, subresource="status")

    async def controllers(self, *, without: tuple[str, ...] = ()) -> int:
        """Let every workload but those named in `without` succeed; return how many had not yet."""
        changed = 0
        for kind in (DEPLOYMENT, STATEFUL_SET, JOB):
            for live in await self.hand.list(kind, self.namespace, labels={}):
                wanted = succeeded(live)
                before = live.get("status") or {}
                named = any(live["metadata"]["name"].startswith(prefix) for prefix in without)
                if not named and any(before.get(name) != value for name, value in wanted.items()):
                    changed += 1
                    with suppress(NotFoundError):  # deleted since it was listed
                        await self.set_status(live, wanted)
        return changed

    async def make_pod(self, workload: Manifest, *, name: str, status: Manifest, **labels: str) -> None:
        """Create a pod of a workload with a status as of a kubelet, or ({}) one that no kubelet has seen."""
        template = workload["spec"]["template"]
        container = template["spec"]["containers"][0]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": {**template["metadata"]["labels"], **labels},
            },
            "spec": {"containers": [{"name": container["name"], "image": container["image"]}]},
        }
        made = await self.hand.create(pod)
        if status:
            await self.set_status(made, status)


def succeeded(live: Manifest) -> Manifest:
    """Return the status of a workload that runs as it shall."""
    if live["kind"] == "Job":
        done = [
            {"type": name, "status": "True", "lastTransitionTime": AT, "lastProbeTime": AT}
            for name in ("SuccessCriteriaMet", "Complete")
        ]
        return {"conditions": done, "succeeded": 1, "startTime": AT, "completionTime": AT}
    count = live["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), count)
    revision = str(live["metadata"]["generation"])
    revisions = {"currentRevision": revision, "updateRevision": revision} if live["kind"] == "StatefulSet" else {}
    return {"observedGeneration": live["metadata"]["generation"], **counts, **revisions}


def failing(container: str, image: str, reason: str, message: str = "") -> Manifest:
    """Return the status of a pod whose container waits for `reason`."""
    state = {"waiting": {"reason": reason, "message": message}}
    one = {"name": container, "image": image, "imageID": "", "ready": False, "restartCount": 0, "state": state}
    return {"phase": "Pending", "containerStatuses": [one]}
