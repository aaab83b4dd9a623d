"""What kind asks of docker, on a machine that cannot give every capability."""

import subprocess
from pathlib import Path

from e2e.cluster import shim

FULL = "Name:\tbash\nCapBnd:\t000001ffffffffff\n"
WITHOUT_SYS_RESOURCE = "Name:\tbash\nCapBnd:\t000001fffeffffff\n"


def test_it_is_needed_only_without_the_capability() -> None:
    assert shim.needed(WITHOUT_SYS_RESOURCE)
    assert not shim.needed(FULL)


def test_a_privileged_run_gets_everything_else_that_the_flag_gives() -> None:
    rewritten = shim.rewrite(["run", "--name", "node", "--privileged", "image"])

    assert rewritten == ["run", "--name", "node", *shim.INSTEAD, "image"]


def test_a_privileged_exec_keeps_the_containers_own_capabilities() -> None:
    assert shim.rewrite(["exec", "--privileged", "-i", "node", "sh"]) == ["exec", "-i", "node", "sh"]


def test_global_flags_before_the_command_are_seen_through() -> None:
    assert shim.rewrite(["--debug", "exec", "--privileged", "node", "id"]) == ["--debug", "exec", "node", "id"]


def test_other_commands_stay_as_they_are() -> None:
    command = ["build", "--build-arg", "x=--privileged", "."]

    assert shim.rewrite(command) == command


def test_the_stand_in_calls_the_real_program_with_rewritten_words(tmp_path: Path) -> None:
    folder = shim.install(tmp_path, "/bin/echo")

    said = subprocess.run(
        [folder / "docker", "exec", "--privileged", "a b"], check=True, capture_output=True, text=True
    )

    assert said.stdout == "exec a b\n"
