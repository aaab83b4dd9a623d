"""The command line: what `render` and `crd` print, and how they refuse."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from messaging_operator.cli import app
from messaging_operator.crd import custom_resource_definition
from typer.testing import CliRunner

from tests.messaging_operator.manifests import MINIMAL, of_kind

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "k8s/platform.yaml"


def run(*arguments: str, given: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command."""
    result = CliRunner().invoke(app, arguments, input=given)
    return result.exit_code, result.stdout, result.stderr


def resource(**fields: Any) -> str:
    """A file's text with a minimal platform in which these fields are replaced."""
    whole = {
        "apiVersion": "messaging.dev/v1alpha1",
        "kind": "MessagingPlatform",
        "metadata": {"name": "demo"},
        "spec": MINIMAL,
    }
    return yaml.safe_dump(whole | fields)


def test_render_prints_every_object_in_the_order_of_the_roll_out() -> None:
    code, printed, _ = run("render", "-f", str(DEMO))
    kinds = [document["kind"] for document in yaml.safe_load_all(printed)]
    assert code == 0
    assert kinds[0] == "Secret"
    order = ["Secret", "PersistentVolumeClaim", "ConfigMap", "NetworkPolicy", "StatefulSet", "Job", "Deployment"]
    assert [kind for kind in dict.fromkeys(kinds) if kind in order] == order


def test_render_makes_other_passwords_each_time_and_nothing_else() -> None:
    first, second = (list(yaml.safe_load_all(run("render", "-f", str(DEMO))[1])) for _ in range(2))
    for one, other in zip(of_kind(first, "Secret"), of_kind(second, "Secret"), strict=True):
        assert one["stringData"] != other["stringData"]
        assert one["metadata"] == other["metadata"]
        for key, text in one["stringData"].items():
            assert key.endswith("_username") or (len(text) >= 32 and text.isalnum())
    assert [one for one in first if one["kind"] != "Secret"] == [one for one in second if one["kind"] != "Secret"]


def test_render_reads_standard_input_and_takes_a_namespace() -> None:
    code, printed, _ = run("render", "-f", "-", "--namespace", "chat", given=resource())
    assert code == 0
    assert {document["metadata"]["namespace"] for document in yaml.safe_load_all(printed)} == {"chat"}


def test_a_files_own_namespace_wins() -> None:
    given = resource(metadata={"name": "demo", "namespace": "mine"})
    _, printed, _ = run("render", "-f", "-", "--namespace", "chat", given=given)
    assert {document["metadata"]["namespace"] for document in yaml.safe_load_all(printed)} == {"mine"}


def test_render_writes_the_gateways_files_for_those_who_run_it_elsewhere(tmp_path: Path) -> None:
    code, printed, _ = run("render", "-f", str(DEMO), "--gateway", str(tmp_path / "envoy"))
    assert (code, printed) == (0, "")
    written = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.yaml")}
    assert written == {
        "envoy/boot/bootstrap.yaml",
        "envoy/boot/lds.yaml",
        "envoy/live/cds.yaml",
        "envoy/live/rds.yaml",
        "envoy/live/validate.yaml",
    }
    assert "demo-auth" in (tmp_path / "envoy/live/cds.yaml").read_text()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (resource(spec=MINIMAL | {"gatway": {}}), "spec.gatway: unknown field"),
        (resource(sepc={}), "sepc: unknown field"),
        (resource(metadata={"name": "a.b"}), "metadata.name: must match"),
        (resource(metadata=None), "metadata: required"),
        (resource(spec=None), "spec: required"),
        (resource(kind="Platform"), "-: must be a MessagingPlatform of messaging.dev/v1alpha1"),
        (resource() + "---\n" + resource(), "-: must hold exactly one MessagingPlatform"),
        ("", "-: must hold exactly one MessagingPlatform"),
        ("a: [", "-: while parsing"),
    ],
)
def test_input_that_cannot_be_is_refused_in_one_line_with_exit_code_2(given: str, sentence: str) -> None:
    code, printed, complaint = run("render", "-f", "-", given=given)
    assert (code, printed) == (2, "")
    assert complaint.startswith(sentence)
    assert len(complaint.splitlines()) == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    code, _, complaint = run("render", "-f", str(tmp_path / "none.yaml"))
    assert code == 2
    assert "No such file" in complaint


def test_crd_prints_the_definition() -> None:
    code, printed, _ = run("crd")
    assert code == 0
    assert yaml.safe_load(printed) == custom_resource_definition()
