"""A person's terminal: runs the real `messaging-client` with a profile of their own."""

import asyncio
import os
import shlex
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("messaging-client")
WITHIN = timedelta(seconds=40)


@dataclass(frozen=True)
class Output:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class Terminal:
    """One person's shell; there is no keyring, as on a server."""

    def __init__(self, profile: Path, server: str) -> None:
        self.profile = profile
        self._environment = {
            **os.environ,
            "MESSAGING_PROFILE": str(profile),
            "MESSAGING_SERVER": server,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "COLUMNS": "200",
        }

    async def run(self, *words: str, typed: str = "") -> Output:
        """Run a command to its end, with `typed` as its standard input."""
        process = await self._start(*words)
        async with asyncio.timeout(WITHIN.total_seconds()):
            out, err = await process.communicate(typed.encode())
        return Output(process.returncode or 0, out.decode(), err.decode())

    async def done(self, *words: str, typed: str = "") -> str:
        """Run a command that must succeed and return what it printed."""
        output = await self.run(*words, typed=typed)
        assert output.code == 0, f"{words}: {output}"
        return output.out

    async def type(self, *words: str, typed: str) -> str:
        """Run a command at a real terminal (util-linux `script` makes one) and return all that the screen showed."""
        command = ["script", "--quiet", "--return", "--command", shlex.join([str(PROGRAM), *words]), "/dev/null"]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=self._environment
        )
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(WITHIN.total_seconds()):
            shown = b""
            for line in typed.splitlines(keepends=True):
                shown += await process.stdout.readuntil(b": ")  # what is typed ahead of a hidden prompt is thrown away
                process.stdin.write(line.encode())
            shown += await process.stdout.read()
        return shown.decode()

    async def follow(self, *words: str) -> "Following":
        """Start a command that goes on by itself."""
        return Following(await self._start(*words))

    async def _start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )


class Following:
    """A command that goes on, and the lines that it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self.notices: list[str] = []

    async def until(self, text: str) -> None:
        """Read lines of standard output until one holds `text`."""
        await self._read_until(text, self._process.stdout, self.lines)

    async def until_notice(self, text: str) -> None:
        """Read lines of standard error until one holds `text`."""
        await self._read_until(text, self._process.stderr, self.notices)

    async def end(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(2)
        await self._process.communicate()

    @staticmethod
    async def _read_until(text: str, stream: asyncio.StreamReader | None, lines: list[str]) -> None:
        assert stream is not None
        async with asyncio.timeout(WITHIN.total_seconds()):
            while not any(text in line for line in lines):
                line = await stream.readline()
                assert line, f"it ended without {text!r}: {lines}"
                lines.append(line.decode().rstrip("\n"))
