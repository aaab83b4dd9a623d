"""Whether the watches still bring what happens: a labelled LIST now and then, compared with what they brought.

Called by handlers.py. A watch can die without a sign, and bookmarks never reach handlers, so "no event for a while"
proves nothing on a quiet cluster. What a LIST shows and no watch brings soon after is a missed change: the platform is
looked at, ``watch_missed_total`` counts it, and liveness fails so that Kubernetes restarts the process.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from messaging_operator import metrics
from messaging_operator.cluster import ApiError, Cluster
from messaging_operator.desired import Manifest
from messaging_operator.kinds import BY_NAME, OBSERVED, PLATFORM
from messaging_operator.observed import labels_of
from messaging_operator.reconcile import PlatformKey
from messaging_operator.watches import OURS, Place, Watches, key_of_platform

PERIOD = timedelta(minutes=10)
GRACE = timedelta(seconds=30)
"""How much later than a LIST a watch may bring the same."""

log = structlog.get_logger(__name__)


class WatchCheck:
    """Compares LISTs of `namespaces` (none: all) with what `watches` brought."""

    def __init__(
        self,
        cluster: Cluster,
        watches: Watches,
        enqueue: Callable[[PlatformKey], None],
        *,
        namespaces: Sequence[str] = (),
        period: timedelta = PERIOD,
        grace: timedelta = GRACE,
    ) -> None:
        self._cluster = cluster
        self._watches = watches
        self._enqueue = enqueue
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._period = period
        self._grace = grace
        self.healthy = True

    async def run(self) -> None:
        """Compare for ever; an API server that does not answer is waited out."""
        while True:
            await asyncio.sleep(self._period.total_seconds())
            try:
                await self.compare()
            except ApiError as error:
                log.warning("watch_check_failed", error=str(error))

    async def compare(self) -> list[Place]:
        """Return the objects of which a change was missed; takes the time of grace."""
        self._watches.deleted.clear()
        before = dict(self._watches.versions)
        listed = await self._list()
        await asyncio.sleep(self._grace.total_seconds())
        missed = [place for place, live in listed.items() if self._is_missed(place, live, before)]
        for place in missed:
            log.error("watch_missed", kind=place.kind, namespace=place.namespace, name=place.name)
            metrics.WATCH_MISSED.labels(kind=place.kind).inc()
            if key := key_of_platform(BY_NAME[place.kind], place, dict(labels_of(listed[place]))):
                self._enqueue(key)
        self.healthy = self.healthy and not missed
        return missed

    async def _list(self) -> dict[Place, Manifest]:
        found: dict[Place, Manifest] = {}
        for namespace in self._namespaces:
            for kind in (*OBSERVED, PLATFORM):
                labels = {} if kind is PLATFORM else OURS
                for live in await self._cluster.list(kind, namespace, labels=labels):
                    found[Place(kind.name, live["metadata"]["namespace"], live["metadata"]["name"])] = live
        return found

    def _is_missed(self, place: Place, live: Manifest, before: dict[Place, str]) -> bool:
        known = self._watches.versions.get(place)
        if known == live["metadata"]["resourceVersion"] or place in self._watches.deleted:
            return False
        return known is None or known == before.get(place)
