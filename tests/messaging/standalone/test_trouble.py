"""What a person can get wrong when starting the platform is one clear line and exit code 2, and harms nothing."""

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from messaging.openapi import SERVICES

WAIT_S = 60


def messaging(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command `messaging`, which is expected to end by itself."""
    command = [str(Path(sys.executable).with_name("messaging")), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=WAIT_S, check=False, env={**os.environ, **environment}
    )


def is_clear_refusal(run: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Tell whether a run ended with exit code 2 and one line on standard error that holds `words`."""
    lines = run.stderr.strip().splitlines()
    return run.returncode == 2 and len(lines) == 1 and all(word in lines[0] for word in words)


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = messaging("standalone", "--port", str(port), "--data-dir", str(tmp_path))

    assert is_clear_refusal(run, str(port), "in use"), run.stderr


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    run = messaging("standalone", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))

    assert is_clear_refusal(run, "data folder", "--data-dir"), run.stderr


@pytest.mark.parametrize("service", [SERVICES[0], SERVICES[-1]])
def test_a_database_two_releases_newer_than_the_code(tmp_path: Path, service: str) -> None:
    made = messaging("migrate", service, MESSAGING_DATA_DIR=str(tmp_path))
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(tmp_path / f"{service}.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'r3_01'")
    database.close()

    run = messaging("standalone", "--port", "0", "--data-dir", str(tmp_path))

    assert is_clear_refusal(run, service, "r3_01", "newer version"), run.stderr


def test_a_setting_that_is_wrong(tmp_path: Path) -> None:
    run = messaging("migrate", "auth", MESSAGING_DATA_DIR=str(tmp_path), MESSAGING_LOG_LEVEL="loud")

    assert is_clear_refusal(run, "MESSAGING_LOG_LEVEL"), run.stderr
