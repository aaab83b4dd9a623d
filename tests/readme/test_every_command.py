"""No command stands in the README that nothing runs."""

import subprocess
from pathlib import Path

from e2e.cache import REPOSITORY as ROOT
from e2e.readme import README

RUN_BY = {
    "Try it in one process": "tests/readme/test_first_look.py",
    "On one host, with Docker": "tests/compose",
    "On Kubernetes": "e2e/cluster",
    "Work on it": ".ci/run",
}
"""Which part of CI runs the commands of a section."""


def test_every_section_with_commands_is_run_by_something() -> None:
    assert set(README) - {""} >= set(RUN_BY)
    assert {heading for heading, blocks in README.items() if blocks} == set(RUN_BY)
    assert [place for place in RUN_BY.values() if not (ROOT / place).exists()] == []


def test_every_make_target_is_there() -> None:
    targets = {line.split(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if "##" in line}
    asked = {
        line.split()[1] for blocks in README.values() for block in blocks for line in block if line.startswith("make ")
    }

    assert asked <= targets


def test_every_link_leads_to_a_file() -> None:
    text = (ROOT / "README.md").read_text()
    links = [part.split(")")[0] for part in text.split("](")[1:]]

    assert [link for link in links if "://" not in link and not Path(ROOT / link).exists()] == []


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    described = [line.split(":")[0] for line in text.splitlines() if "## " in line and not line.startswith("\t")]
    assert [target for target in described if not target.startswith(".") and f"make {target} " not in listed] == []
