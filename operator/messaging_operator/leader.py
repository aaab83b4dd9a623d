"""One leader among the operator's replicas, by a Lease of its own.

Called by handlers.py. ``kubernetes.aio.leaderelection`` is not used: it has no request time-out, dies on network errors
and never releases. The rules are client-go's: a candidate takes over when the Lease has not changed for its duration by
the candidate's own monotonic clock, so clocks of different nodes need not agree.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog

from messaging_operator.cluster import ApiError, Cluster
from messaging_operator.desired import Manifest
from messaging_operator.kinds import LEASE

log = structlog.get_logger(__name__)


class LeadershipLostError(Exception):
    """Another replica may lead by now: nothing may be written any more and the process has to end."""


@dataclass(frozen=True)
class LeaseTimes:
    """How long a Lease lasts, until when its holder must have renewed it, and the pause between two attempts."""

    duration: timedelta = timedelta(seconds=15)
    renew_deadline: timedelta = timedelta(seconds=10)
    retry: timedelta = timedelta(seconds=2)


class Leadership:
    """A candidate for the Lease `name` in `namespace`; `cluster` must not be fenced by this same object."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        namespace: str,
        name: str,
        identity: str,
        times: LeaseTimes = LeaseTimes(),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._times = times
        self._clock = clock
        self._renewed_at: float | None = None
        self._seen: tuple[str, float] | None = None  # resourceVersion of the Lease and when it was first seen

    def seconds_left(self) -> float:
        """Return how long a write that starts now may take, in seconds.

        Raises LeadershipLostError past the renew deadline; between that and the end of the Lease a write may finish,
        never begin.
        """
        if self._renewed_at is None or self._clock() > self._renewed_at + self._times.renew_deadline.total_seconds():
            raise LeadershipLostError(f"{self._identity} does not lead: the Lease {self._name} was not renewed in time")
        return self._renewed_at + self._times.duration.total_seconds() - self._clock()

    async def acquire(self) -> None:
        """Wait until this candidate leads; errors of the API server are waited out."""
        while True:
            if await self._attempt():
                break
            await asyncio.sleep(self._times.retry.total_seconds())
        log.info("leadership_acquired", identity=self._identity)

    async def hold(self) -> None:
        """Renew for ever. Raises LeadershipLostError once the deadline has passed without a renewal."""
        while True:
            await asyncio.sleep(self._times.retry.total_seconds())
            if not await self._attempt():
                self.seconds_left()

    async def release(self) -> None:
        """Give the Lease up so that a standby takes over at once; harmless when it is not held or cannot be reached."""
        if self._renewed_at is None:
            return
        self._renewed_at = None
        try:
            lease = await self._cluster.read(LEASE, self._namespace, self._name)
            if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
                lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
                await self._cluster.replace(lease)
        except ApiError as error:
            log.warning("leadership_release_failed", error=str(error))

    async def _attempt(self) -> bool:
        """Try once to take or renew the Lease; return whether this candidate holds it."""
        started = self._clock()
        try:
            lease = await self._cluster.read(LEASE, self._namespace, self._name)
            if lease is None:
                await self._cluster.create(self._mine(None))
            elif self._may_take(lease):
                await self._cluster.replace(self._mine(lease))
            else:
                self._renewed_at = None
                return False
        except ApiError as error:
            log.warning("leadership_attempt_failed", error=str(error))
            return False
        self._renewed_at = started
        return True

    def _may_take(self, lease: Manifest) -> bool:
        spec, version = lease["spec"], lease["metadata"]["resourceVersion"]
        if spec.get("holderIdentity") in (self._identity, "", None):
            return True
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, self._clock())
        return self._clock() > self._seen[1] + float(spec.get("leaseDurationSeconds") or 1)

    def _mine(self, lease: Manifest | None) -> Manifest:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        former = lease["spec"] if lease else {}
        kept = former.get("holderIdentity") == self._identity
        transitions = int(former.get("leaseTransitions") or 0)
        spec = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._times.duration.total_seconds()),
            "acquireTime": former.get("acquireTime", now) if kept else now,
            "renewTime": now,
            "leaseTransitions": transitions if kept or lease is None else transitions + 1,
        }
        metadata = lease["metadata"] if lease else {"name": self._name, "namespace": self._namespace}
        return {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": metadata, "spec": spec}
