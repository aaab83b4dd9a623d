"""A real Envoy in a container: the operator's own start script on files that `render_gateway` made of an input.

It shares the machine's network, so that it reaches a test's own upstreams on loopback and nothing else is opened.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from messaging_operator.gateway import HOT_FILES, ROLLED_FILES, GatewayInput, render_gateway
from yarl import URL

from e2e.docker import docker
from e2e.images import catalogue
from tests.support.container import SCRIPTS, Container

UID = 101
START_S = 20
STEP_S = 0.05
DRAIN_S = 5


class Gateway:
    """One Envoy container and the folder of its files. `names` are DNS names: name -> addresses."""

    def __init__(self, given: GatewayInput, *, names: Mapping[str, Sequence[str]] | None = None) -> None:
        self.given = given
        self.url = f"http://127.0.0.1:{given.port}"
        self.probe_url = f"http://127.0.0.1:{given.probe_port}"
        self._container: Container | None = None
        self._names = names or {}
        self._folder = Path(tempfile.mkdtemp(prefix="messaging-test-gateway-"))
        self._generation = 0

    @property
    def container(self) -> Container:
        """The running container; raises RuntimeError before the start."""
        if self._container is None:
            raise RuntimeError("the gateway has not been started")
        return self._container

    def at(self, path: str) -> URL:
        """A path of the gateway, to be sent exactly as it is spelt."""
        return URL(self.url + path, encoded=True)

    async def start(self) -> None:
        """Write the files, run the container and wait until Envoy calls itself ready."""
        self._folder.chmod(0o755)
        files = render_gateway(self.given)
        self.put("boot", {name: files[name] for name in ROLLED_FILES})
        self.put("live", {name: files[name] for name in HOT_FILES})
        await asyncio.to_thread(self._run)
        await self.wait_ready()

    async def stop(self) -> None:
        """Remove the container and its files; it need not be running."""
        await asyncio.to_thread(self.container.remove)
        shutil.rmtree(self._folder)

    def put(self, folder: str, files: dict[str, str]) -> None:
        """Replace a folder's files at one instant, as a kubelet does: `..data` is a link that is swapped."""
        self._generation += 1
        target = self._folder / folder
        data = target / f"..generation-{self._generation}"
        data.mkdir(parents=True)
        for name, text in files.items():
            (data / name).write_text(text)
            if not (target / name).is_symlink():
                (target / name).symlink_to(f"..data/{name}")
        new_link = target / "..data_tmp"
        new_link.symlink_to(data.name)
        os.replace(new_link, target / "..data")

    def change(self, given: GatewayInput) -> None:
        """Swap in the hot files of another input."""
        files = render_gateway(given)
        self.put("live", {name: files[name] for name in HOT_FILES})

    async def log(self) -> list[dict[str, Any]]:
        """What it has printed so far, one object per line."""
        text = await asyncio.to_thread(self.container.logs)
        return [json.loads(line) for line in text.splitlines()]

    async def stats(self, session: aiohttp.ClientSession) -> str:
        """Envoy's own figures, in Prometheus' form."""
        async with session.get(f"{self.probe_url}/stats/prometheus") as answer:
            return await answer.text()

    async def wait_ready(self) -> None:
        """Return once `/ready` says so; raises TimeoutError with Envoy's last words."""
        async with aiohttp.ClientSession() as session:
            for _ in range(int(START_S / STEP_S)):
                if await self._is_ready(session):
                    return
                await asyncio.sleep(STEP_S)
        raise TimeoutError(await asyncio.to_thread(self.container.logs))

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.probe_url}/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _run(self) -> None:
        (image,) = catalogue.ensure("envoy")
        hosts = [f"--add-host={name}:{host}" for name, addresses in self._names.items() for host in addresses]
        self._container = Container(
            image,
            ["/scripts/envoy.sh"],
            kind="envoy",
            uid=UID,
            ports=[],
            writable=["/tmp"],
            volumes=[f"{self._folder}:/etc/envoy:ro", f"{SCRIPTS}:/scripts:ro"],
            environment={"ADMIN_PORT": str(self.given.admin_port), "DRAIN_SECONDS": str(DRAIN_S)},
            options=["--network=host", *hosts],
        )


def validate(files: Sequence[str]) -> dict[int, str]:
    """Let `envoy.sh validate` judge each text, in one container; returns complaints by the index of what it refused."""
    (image,) = catalogue.ensure("envoy")
    with tempfile.TemporaryDirectory(prefix="messaging-test-gateway-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for index, text in enumerate(files):
            (folder / f"{index}.yaml").write_text(text)
        loop = """
            for file in /files/*; do
              ln -sf "$file" /etc/envoy/live/validate.yaml
              said=$(/scripts/envoy.sh validate 2>&1) || printf '%s\\0' "$file" "$said"
            done"""
        said = docker(
            "run", "--rm", "--network=none", f"--user={UID}:{UID}", "--read-only",
            f"--tmpfs=/etc/envoy/live:uid={UID}", f"--volume={folder}:/files:ro", f"--volume={SCRIPTS}:/scripts:ro",
            "--entrypoint=/bin/bash", image, "-c", loop,
        )  # fmt: skip
    words = said.split("\0")
    return {int(Path(file).stem): reason for file, reason in zip(words[0::2], words[1::2], strict=False)}
