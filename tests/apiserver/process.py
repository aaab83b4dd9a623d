"""The operator as a process of its own, as its container runs it, against the control plane of this folder."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.apiserver.controlplane import ControlPlane, free_ports

PROGRAM = Path(sys.executable).parent / "messaging-operator"


@dataclass
class OperatorProcess:
    """A running operator: where its probes are and what it logs."""

    process: asyncio.subprocess.Process
    port: int
    log: Path

    async def probe(self, path: str) -> tuple[int, str]:
        """Return status code and body of a probe."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as response,
        ):
            return response.status, await response.text()

    async def leads(self) -> bool:
        """Return whether this process leads; False also while it does not answer."""
        try:
            return bool(json.loads((await self.probe("/readyz"))[1])["leader"])
        except aiohttp.ClientConnectionError:
            return False

    async def stop(self) -> int:
        """Ask it to end as Kubernetes does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            return await self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged so far; each line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@asynccontextmanager
async def running_operator(
    plane: ControlPlane, folder: Path, *arguments: str, token: str = "", namespace: str = "default"
) -> AsyncIterator[OperatorProcess]:
    """Start an operator that acts as the bearer of `token`, with its Lease in `namespace`; end it at the end."""
    (port,) = free_ports(1)
    log = folder / f"operator-{port}.log"
    kubeconfig = folder / f"kubeconfig-{port}"
    kubeconfig.write_text(_kubeconfig(plane, token or plane.admin_token))
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "MESSAGING_OPERATOR_NAMESPACE": namespace}
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "run", f"--probe-port={port}", *arguments, env=environment, stdout=output, stderr=output
        )
    try:
        yield OperatorProcess(process, port, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _kubeconfig(plane: ControlPlane, token: str) -> str:
    cluster = {"server": plane.url, "certificate-authority": str(plane.ca_file)}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "operator", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "operator"}}],
            "current-context": "test",
        }
    )
