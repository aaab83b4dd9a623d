"""Kubernetes events about a platform, each told once: what ``kubectl describe`` shows below the resource.

Called by reconcile.py when a condition changes. kopf's own posting is off, for it would turn every log line into one.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from messaging_operator.cluster import ApiError, Cluster, ConflictError
from messaging_operator.desired import Manifest
from messaging_operator.kinds import EVENT
from messaging_operator.names import FIELD_MANAGER

REMEMBERED = 1000
REPEAT_AFTER = timedelta(hours=1)
"""How long Kubernetes keeps an event, by default; only then does the same one say anything new."""

log = structlog.get_logger(__name__)


class Recorder:
    """Writes events; the name of each is a hash of what it says, so that a restarted operator repeats none."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._cluster = cluster
        self._clock = clock
        self._told: OrderedDict[str, datetime] = OrderedDict()

    async def changes(self, resource: Manifest, status: Mapping[str, Any]) -> None:
        """Tell which of Ready and Degraded have changed between the status of `resource` and `status`."""
        former = {one["type"]: one for one in (resource.get("status") or {}).get("conditions") or ()}
        for now in status["conditions"]:
            before = former.get(now["type"], {"status": "False", "reason": ""})
            if (now["status"], now["reason"]) == (before["status"], before["reason"]) or now["status"] != "True":
                continue
            if now["type"] in ("Ready", "Degraded"):
                kind = "Warning" if now["type"] == "Degraded" else "Normal"
                await self._tell(resource, kind=kind, reason=now["reason"], message=now["message"])

    async def _tell(self, resource: Manifest, *, kind: str, reason: str, message: str) -> None:
        metadata, now = resource["metadata"], self._clock()
        said = "\n".join((metadata["uid"], str(metadata["generation"]), kind, reason, message))
        name = f"{metadata['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"
        if name in self._told and now - self._told[name] < REPEAT_AFTER:
            return
        try:
            await self._cluster.create(_event(resource, name=name, kind=kind, reason=reason, message=message, now=now))
        except ConflictError:
            pass  # told before a restart
        except ApiError as error:
            log.warning("event_not_written", reason=reason, error=str(error))
            return
        self._told[name] = now
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)


def _event(resource: Manifest, *, name: str, kind: str, reason: str, message: str, now: datetime) -> Manifest:
    metadata = resource["metadata"]
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"name": name, "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": resource["apiVersion"], "kind": resource["kind"], **about},
        "type": kind,
        "reason": reason,
        "message": message,
        "count": 1,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
    }
