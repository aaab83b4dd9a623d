"""`compose.yaml`, brought up once for the tests here and taken down with its volumes, also after a failure."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.project import ComposeProject, remove_stale


@pytest.fixture(scope="package")
def project(container_engine: None) -> Iterator[ComposeProject]:
    remove_stale()
    with tempfile.TemporaryDirectory(prefix="messaging-compose-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        running = ComposeProject(folder)
        try:
            running.up()
            yield running
        finally:
            running.down()
