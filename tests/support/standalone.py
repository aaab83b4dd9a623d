"""The whole platform as one real process, `messaging standalone`, on a free port with a data folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self

import httpx
import psutil

from tests.support.container import free_port

PROGRAM = Path(sys.executable).with_name("messaging")
START_WITHIN = timedelta(seconds=60)
STOP_WITHIN = timedelta(seconds=20)


class Standalone:
    """Use as a context manager; `kill` and `start` again keep port and data."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = folder / "data"
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log_path = folder / "standalone.log"
        self.first_answer = timedelta()
        """From the process's start to the first answer of the last start."""
        self.kept_waiting = timedelta()
        """How much of that its main thread was ready to run while other programs had the processors."""
        self._environment = {"MESSAGING_LOG_FORMAT": "json", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait for its first answer; raises TimeoutError with the end of its log."""
        begun = time.monotonic()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "standalone", f"--port={self.port}", f"--data-dir={self.data_dir}"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
            )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - begun > START_WITHIN.total_seconds():
                self.kill()
                raise TimeoutError(f"the platform did not start:\n{self.log_path.read_text()[-4000:]}")
            time.sleep(0.02)
        self.first_answer = timedelta(seconds=time.monotonic() - begun)
        self.kept_waiting = _time_in_run_queue(self._process.pid)

    def stop(self) -> None:
        """End it as an init system does, by SIGTERM; raises TimeoutExpired when it does not end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_WITHIN.total_seconds())

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def resident_bytes(self) -> int:
        """Resident memory of the process and its children."""
        assert self._process is not None
        process = psutil.Process(self._process.pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/auth/config", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def _time_in_run_queue(pid: int) -> timedelta:
    """What the kernel counts for the main thread (Linux, Documentation/scheduler/sched-stats.rst); 0 elsewhere."""
    try:
        _running_ns, waiting_ns, _slices = Path(f"/proc/{pid}/schedstat").read_text().split()
    except FileNotFoundError:
        return timedelta()
    return timedelta(microseconds=int(waiting_ns) / 1000)
