"""The running operator: elect a leader, watch, work the queue, answer probes, and go in good order.

Called by cli.py. Everything is wired here and nowhere else.
"""

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import kopf
import structlog
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

from messaging_operator import logs, metrics, probes, watches
from messaging_operator.cluster import ApiError, Cluster, NotFoundError
from messaging_operator.events import Recorder
from messaging_operator.kinds import PLATFORM
from messaging_operator.leader import Leadership, LeadershipLostError
from messaging_operator.queue import Queue
from messaging_operator.reconcile import PlatformKey, Reconciler
from messaging_operator.watchcheck import WatchCheck

PROBE_PORT = 8080
WORKERS = 4
SETTLE = timedelta(milliseconds=200)
"""How long after an event a platform is looked at, so that a burst of events makes one look."""
CRD_PAUSE = timedelta(seconds=5)
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OperatorSettings:
    """What the operator is told at start. No `namespaces` means all; `lease_namespace` is where its Lease lies."""

    namespaces: Sequence[str] = ()
    operator_class: str = ""
    lease_namespace: str = "default"
    probe_port: int = PROBE_PORT

    @property
    def lease_name(self) -> str:
        """Return the name of the Lease: one per class."""
        return f"messaging-operator-{self.operator_class}" if self.operator_class else "messaging-operator"


def run(
    *,
    namespaces: Sequence[str] = (),
    operator_class: str | None = None,
    probe_port: int = PROBE_PORT,
    log_level: str = "INFO",
) -> int:
    """Run until SIGTERM or SIGINT (0), or until leadership is lost or a part fails for good (1): the exit code."""
    logs.configure(level=log_level)
    chosen = OperatorSettings(
        namespaces=tuple(namespaces),
        operator_class=operator_class or "",
        lease_namespace=_own_namespace(),
        probe_port=probe_port,
    )
    return asyncio.run(operate(chosen))


async def operate(chosen: OperatorSettings) -> int:
    """Wait for leadership, lead until told to stop, release the Lease; return the exit code."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    configuration = await _configuration()
    async with ApiClient(configuration) as client:
        leadership = Leadership(
            Cluster(client, timeout=timedelta(seconds=5)),
            namespace=chosen.lease_namespace,
            name=chosen.lease_name,
            identity=f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}",
        )
        operator = Operator(chosen, configuration, client, leadership)
        async with probes.serving(
            port=chosen.probe_port, why_unhealthy=operator.why_unhealthy, is_leader=lambda: operator.leads
        ):
            try:
                return await _until(stop, operator.lead(stop))
            finally:
                metrics.LEADER.set(0)
                await leadership.release()


class Operator:
    """The parts of one process, wired."""

    def __init__(
        self, chosen: OperatorSettings, configuration: Configuration, client: ApiClient, leadership: Leadership
    ) -> None:
        cluster = Cluster(client, fence=leadership.seconds_left)
        self._chosen = chosen
        self._configuration = configuration
        self._cluster = cluster
        self._leadership = leadership
        self._queue: Queue[PlatformKey] = Queue()
        self._reconciler = Reconciler(cluster, Recorder(cluster), operator_class=chosen.operator_class)
        self._watches = watches.Watches(self._enqueue)
        self._check = WatchCheck(cluster, self._watches, self._enqueue, namespaces=chosen.namespaces)
        self.leads = False

    def why_unhealthy(self) -> str:
        """Return why Kubernetes should restart this process, or ''."""
        return "" if self._check.healthy else "a watch has missed a change"

    async def lead(self, stop: asyncio.Event) -> None:
        """Acquire the Lease and do all the work while holding it. Raises LeadershipLostError."""
        await self._leadership.acquire()
        self.leads = True
        metrics.LEADER.set(1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._leadership.hold())
            tasks.create_task(self._queue.work(self._reconcile, workers=WORKERS, fatal=LeadershipLostError))
            tasks.create_task(self._check.run())
            tasks.create_task(self._watch(stop))

    async def _watch(self, stop: asyncio.Event) -> None:
        await self._wait_for_crd()
        ready = asyncio.Event()
        takeover = asyncio.create_task(_take_signals_back(ready, stop))
        await kopf.operator(
            registry=self._watches.registry(self._configuration),
            settings=watches.settings(),
            clusterwide=not self._chosen.namespaces,
            namespaces=list(self._chosen.namespaces),
            ready_flag=ready,
        )
        takeover.cancel()
        raise RuntimeError("kopf has ended by itself")

    async def _wait_for_crd(self) -> None:
        namespace = self._chosen.namespaces[0] if self._chosen.namespaces else None
        while True:
            try:
                await self._cluster.list(PLATFORM, namespace, labels={})
                return
            except NotFoundError:
                log.warning("crd_missing", resource=f"{PLATFORM.plural}.{PLATFORM.group}")
            except ApiError as error:
                log.warning("api_server_unreachable", error=str(error))
            await asyncio.sleep(CRD_PAUSE.total_seconds())

    def _enqueue(self, key: PlatformKey) -> None:
        self._queue.add(key, after=SETTLE)
        metrics.QUEUE_LENGTH.set(len(self._queue))

    async def _reconcile(self, key: PlatformKey) -> timedelta | None:
        try:
            again = await self._reconciler.reconcile(key)
        except Exception:
            metrics.RECONCILES.labels(outcome="failed").inc()
            raise
        metrics.RECONCILES.labels(outcome="gone" if again is None else "done").inc()
        metrics.QUEUE_LENGTH.set(len(self._queue))
        return again


async def _until(stop: asyncio.Event, work: Coroutine[None, None, None]) -> int:
    """Run `work` until it ends or `stop` is set; return the exit code."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    failed = working.done() and not working.cancelled() and working.exception() is not None
    if failed:
        log.error("operator_ends", error=_first(working.exception()))
        return 1
    working.cancel()
    await asyncio.wait({working})
    log.info("operator_ends", signal=True)
    return 0


def _first(error: BaseException | None) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _take_signals_back(ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Put our signal handlers in place of kopf's: the Lease is to be released after everything has stopped."""
    await ready.wait()
    _stop_on_signals(stop)


async def _configuration() -> Configuration:
    configuration = Configuration()
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        load_incluster_config(client_configuration=configuration)
    else:
        await load_kube_config(client_configuration=configuration)
    return configuration


def _own_namespace() -> str:
    """Return the namespace of this pod; outside of a cluster ``MESSAGING_OPERATOR_NAMESPACE`` or ``default``."""
    if _NAMESPACE_FILE.exists():
        return _NAMESPACE_FILE.read_text().strip()
    return os.environ.get("MESSAGING_OPERATOR_NAMESPACE", "default")
