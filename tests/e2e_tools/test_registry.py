"""Whether a registry answers is asked once, quickly, and remembered; a script stands in for the docker command."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from e2e.images import registry

ANSWERS = 'echo "3.13-slim: Pulling from library/python"'
SOON = timedelta(seconds=1)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a docker command before the real one that runs these lines of shell."""
    monkeypatch.setenv(registry.VARIABLE, "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def behave(lines: str) -> None:
        (tmp_path / "docker").write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / "docker").chmod(0o755)

    return behave


def test_a_registry_that_has_the_image_is_used_from_then_on(docker: Callable[[str], None]) -> None:
    docker(ANSWERS)

    assert registry.verdict() is None
    assert registry.pull("python:3.13-slim")
    assert registry.verdict() is True


def test_after_a_refusal_nobody_asks_again(docker: Callable[[str], None]) -> None:
    docker("echo 'connection refused' >&2; exit 1")
    assert not registry.pull("python:3.13-slim")

    docker(ANSWERS)

    assert registry.verdict() is False
    assert not registry.pull("mysql:9.7")


def test_a_registry_that_does_not_begin_to_answer_is_given_up(docker: Callable[[str], None]) -> None:
    docker("exec sleep 60")
    begun = time.monotonic()

    assert not registry.pull("python:3.13-slim", first_answer=SOON)

    assert time.monotonic() - begun < 10
    assert registry.verdict() is False


def test_a_slow_pull_that_has_begun_is_waited_for(docker: Callable[[str], None]) -> None:
    docker(f"{ANSWERS}; sleep 2")

    assert registry.pull("python:3.13-slim", first_answer=SOON)


def test_a_registry_without_one_image_may_have_another(docker: Callable[[str], None]) -> None:
    docker(f"{ANSWERS}; exit 1")

    assert not registry.pull("envoyproxy/envoy:v1.40.0")
    assert registry.verdict() is True


def test_the_variable_decides_without_asking(docker: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    docker(ANSWERS)
    monkeypatch.setenv(registry.VARIABLE, "no")

    assert not registry.pull("python:3.13-slim")
