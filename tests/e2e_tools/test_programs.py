"""Programs and images: pinned versions, what is missing, and what the doctor says about it."""

import re
from pathlib import Path

import pytest

from e2e import versions
from e2e.cluster import doctor, evidence
from e2e.errors import ToolingError
from e2e.images import binaries, catalogue, engine, layers
from e2e.images.gomodules import MODULES, PROGRAMS


@pytest.mark.parametrize("module", versions.MODULES)
def test_the_pinned_module_is_the_version_that_we_name(module: str) -> None:
    program = next(program for program in PROGRAMS.values() if program.module == module)
    pinned = dict(re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (MODULES / module / "go.mod").read_text(), re.MULTILINE))
    path = next(path for path in pinned if program.package == path or program.package.startswith(f"{path}/"))

    assert pinned[path] == versions.MODULES[module]


def test_every_pin_has_its_sums() -> None:
    assert all((MODULES / program.module / "go.sum").stat().st_size for program in PROGRAMS.values())


def test_programs_of_one_module_have_recipes_of_their_own() -> None:
    assert PROGRAMS["kubectl"].recipe != PROGRAMS["kubelet"].recipe


def test_an_unknown_program_or_image_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ToolingError, match=r"Unknown program kubecuddle\.\nKnown: .*kubectl"):
        binaries.ensure("kubecuddle")
    with pytest.raises(ToolingError, match=r"Unknown image mariadb\.\nKnown: .*mysql"):
        catalogue.ensure("mariadb")


def test_a_pid_file_of_a_killed_daemon_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "docker.pid"
    file.write_text("4194304\n")

    assert engine.stale(file)


def test_a_pid_file_that_names_another_program_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "docker.pid"
    file.write_text("1")

    assert engine.stale(file) == (Path("/proc/1/comm").read_text().strip() not in {"dockerd", "containerd"})


def test_a_small_machine_is_told_what_it_needs() -> None:
    findings = {finding.subject: finding for finding in doctor.hardware(cores=2, memory_gb=2, free_disk_gb=100)}

    assert findings["memory"].fatal
    assert not findings["free disk"].fatal


def test_without_an_engine_the_doctor_says_who_must_act() -> None:
    assert not doctor.engine_finding(answering=False, may_install=True).fatal
    assert doctor.engine_finding(answering=False, may_install=False).fatal


def test_missing_programs_are_named_with_the_time_that_they_take() -> None:
    finding = doctor.programs_finding(set(PROGRAMS) - {"coredns", "helm"})

    assert (finding.plan, finding.time) == ("build coredns, helm", "5 min")


def test_layers_are_listed_from_the_base_upwards_without_empty_ones() -> None:
    history = '0\tENTRYPOINT ["x"]\n2000000\tCOPY /opt/venv\n90000000\t\n'

    assert [layer.size for layer in layers.layers(history)] == [90_000_000, 2_000_000]


def test_a_pod_that_is_neither_ready_nor_done_is_in_trouble() -> None:
    ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    failing = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}}

    assert [evidence.troubled(pod) for pod in (ready, failing, {"status": {"phase": "Succeeded"}})] == [
        False,
        True,
        False,
    ]
