"""The whole platform in one process: SQLite files, the in-process bus, the same routes; nothing else is needed.

`make run` and `messaging standalone` come here. Every service keeps a database, an outbox and an internal interface
of its own (on a loopback port), so what works here works in containers.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog
import uvloop

from messaging.front import Front, Internal
from messaging.kernel.bus_memory import MemoryBus
from messaging.kernel.clock import SystemClock
from messaging.kernel.errors import ConfigurationError
from messaging.kernel.logs import configure_logs
from messaging.kernel.migrate import migrate
from messaging.kernel.service import ServiceHost, Trust, make_runtime
from messaging.kernel.serving import Listener, Serving, Stop, bind
from messaging.openapi import SERVICES

log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"


def run_standalone(*, port: int, data_dir: Path, listen_address: str = LOOPBACK) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        ConfigurationError: the port is in use, or the data folder cannot be written or is in use.
    """
    with _only_process(data_dir):
        uvloop.run(_serve(port=port, data_dir=data_dir, listen_address=listen_address))


@contextmanager
def _only_process(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process alone."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(data_dir / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"data folder {data_dir}: {error.strerror}; give a folder that this user can write by --data-dir"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ConfigurationError(f"data folder {data_dir}: another process is using it; stop that one first") from None
    finally:
        os.close(lock)


async def _serve(*, port: int, data_dir: Path, listen_address: str) -> None:
    outer = bind(listen_address, port, name="gateway")
    inner = bind(LOOPBACK, 0, name="internal")
    public_port, internal = outer.getsockname()[1], f"http://{LOOPBACK}:{inner.getsockname()[1]}"
    modules = {name: import_module(f"messaging.{name}.app") for name in SERVICES}
    settings = {
        name: _settings(module, data_dir=data_dir, port=public_port, internal=internal)
        for name, module in modules.items()
    }
    first = settings["auth"]
    configure_logs(level=first.log_level, form=first.log_format)
    hosts = await _make_hosts(modules, settings)
    listeners = [
        Listener(Front({name: host.public for name, host in hosts.items()}), outer),
        Listener(Internal({name: host.admin for name, host in hosts.items()}), inner),
    ]
    await _run(hosts, Serving(listeners), f"http://localhost:{public_port}")


def _settings(module: Any, *, data_dir: Path, port: int, internal: str) -> Any:
    loaded = module.load()
    chosen: dict[str, Any] = {
        "data_dir": data_dir,
        "database_host": "",
        "broker_host": "",
        "auth_internal_url": f"{internal}/auth",
        "message_internal_url": f"{internal}/message",
    }
    if "MESSAGING_EXTERNAL_URL" not in os.environ:
        chosen["external_url"] = f"http://localhost:{port}"
    if "MESSAGING_LOG_FORMAT" not in os.environ:
        chosen["log_format"] = "console"
    return loaded.model_copy(update=chosen)


async def _make_hosts(modules: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, ServiceHost]:
    clock, bus = SystemClock(), MemoryBus()
    trust = Trust.open(settings["auth"].auth_internal_url, clock)
    hosts: dict[str, ServiceHost] = {}
    for name, module in modules.items():
        runtime = make_runtime(name, settings[name], bus=bus.of(name), trust=trust, clock=clock)
        await migrate(runtime.database, name)
        hosts[name] = ServiceHost(runtime, module.build, follows=not hosts, runs_bus=False)
    return hosts


async def _run(hosts: Mapping[str, ServiceHost], serving: Serving, url: str) -> None:
    stop = Stop()
    with stop.on_signals():
        async with AsyncExitStack() as stack:
            for host in hosts.values():
                await stack.enter_async_context(host.running())
            await serving.start()
            log.info("ready", url=url, docs=f"{url}/docs")
            await stop.asked.wait()
            log.info("stopping")
            for host in hosts.values():
                if host.parts.sockets is not None:
                    await host.parts.sockets.close_all()
            await serving.stop()
