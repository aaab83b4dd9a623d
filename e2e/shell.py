"""Run other programs: output to a log file, a time-out always, failures as one readable error."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from e2e.errors import ToolingError

TAIL_LINES = 15
DEFAULT_TIMEOUT = timedelta(minutes=10)


class CommandFailedError(ToolingError):
    """A program ended with another code than 0, or not at all in time; ``output`` holds what it said."""

    def __init__(self, command: Sequence[str], reason: str, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-TAIL_LINES:])
        super().__init__(f"{' '.join(command[:4])} … {reason}", hint=tail)
        self.output = output


def run(
    command: Sequence[str | Path],
    *,
    timeout: timedelta = DEFAULT_TIMEOUT,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    log: Path | None = None,
) -> str:
    """Run ``command`` and return its standard output; with ``log`` both outputs go there and "" is returned.

    ``env`` is added to this process's environment. Raises CommandFailedError, also when the program does not exist.
    """
    words = [str(word) for word in command]
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("ab")) if log else subprocess.PIPE
        try:
            done = subprocess.run(
                words,
                check=False,
                timeout=timeout.total_seconds(),
                env={**os.environ, **(env or {})},
                cwd=cwd,
                input=stdin,
                stdout=sink,
                stderr=subprocess.STDOUT if log else subprocess.PIPE,
                text=True,
            )
        except FileNotFoundError as error:
            raise CommandFailedError(words, "was not found", str(error)) from error
        except subprocess.TimeoutExpired as error:
            raise CommandFailedError(words, f"took longer than {timeout}", _captured(error, log)) from error
    if done.returncode:
        output = log.read_text(errors="replace") if log else f"{done.stdout}\n{done.stderr}"
        raise CommandFailedError(words, f"ended with code {done.returncode}", output)
    return done.stdout or ""


def succeeds(command: Sequence[str | Path], *, timeout: timedelta = timedelta(seconds=20)) -> bool:
    """Say whether ``command`` ends with code 0 in time."""
    try:
        run(command, timeout=timeout)
    except CommandFailedError:
        return False
    return True


def _captured(error: subprocess.TimeoutExpired, log: Path | None) -> str:
    if log is not None:
        return log.read_text(errors="replace")
    parts: tuple[object, object] = (error.stdout, error.stderr)
    return "\n".join(part.decode(errors="replace") if isinstance(part, bytes) else str(part or "") for part in parts)
