"""A newcomer follows the README's first section by copy and paste: `make run`, then two people in two terminals."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from e2e.cache import REPOSITORY as ROOT
from e2e.readme import README
from tests.support.container import free_port

WITHIN_S = 90
PASSWORD = "a long password"
Terminal: TypeAlias = "pexpect.spawn[str]"
START, ADA, BEN = README["Try it in one process"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with everything of this checkout in it, and room for data of its own."""
    for entry in ROOT.iterdir():
        if entry.name not in {".git", "data", ".profiles"}:
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    """A free port, as another program may hold 5000 here; nothing else differs from a newcomer's terminal."""
    port = str(free_port())
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PORT": port, "MESSAGING_SERVER": f"http://localhost:{port}", "PS1": "$ ", "TERM": "dumb"}


@pytest.fixture
def running(checkout: Path, environment: dict[str, str]) -> Iterator[None]:
    """The platform, started by the README's own command."""
    (command,) = START
    terminal = open_terminal(command, checkout, environment)
    terminal.expect("ready")
    yield
    terminal.sendintr()
    terminal.expect(pexpect.EOF)


def open_terminal(command: str, folder: Path, environment: dict[str, str]) -> Terminal:
    return pexpect.spawn(
        "/bin/bash",
        ["--norc", "--noprofile", *(["-c", command] if command else [])],
        cwd=str(folder),
        env=environment,
        encoding="utf-8",
        timeout=WITHIN_S,
    )


def type_lines(terminal: Terminal, lines: list[str]) -> None:
    """Type one line after another, and a password where one is asked for."""
    for line in lines:
        terminal.sendline(line)
        if " signup " in line:
            for prompt in ("Password: ", "Repeat for confirmation: "):
                terminal.expect_exact(prompt)
                terminal.sendline(PASSWORD)
            terminal.expect("Logged in as")
        elif " create " in line:
            terminal.expect("join")


@pytest.mark.usefixtures("running")
def test_two_people_chat(checkout: Path, environment: dict[str, str]) -> None:
    ada = open_terminal("", checkout, environment)
    type_lines(ada, ADA)
    ada.expect(r"join ((?:[A-Z0-9]{4}-){7}[A-Z0-9]{4})")
    found = ada.match
    assert isinstance(found, re.Match)

    ben = open_terminal("", checkout, {**environment, "JOIN_CODE": str(found.group(1))})
    type_lines(ben, BEN)

    ada.expect("Hello, Ada")
    for terminal in (ada, ben):
        terminal.kill(signal.SIGTERM)
        terminal.close(force=True)
