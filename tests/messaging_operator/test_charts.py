"""The charts, rendered by the real Helm."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from messaging_operator.cli import app
from messaging_operator.crd import custom_resource_definition
from messaging_operator.handlers import OperatorSettings
from messaging_operator.spec import parse_spec

from e2e import shell
from e2e.errors import ToolingError
from e2e.images import binaries
from tests.messaging_operator.manifests import find, of_kind

CHARTS = Path(__file__).parents[2] / "charts"
URL = "http://localhost:5000"


@pytest.fixture(scope="module")
def helm() -> Path:
    """The program."""
    return binaries.ensure("helm")["helm"]


def template(helm: Path, chart: str, *, release: str = "demo", **values: Any) -> list[dict[str, Any]]:
    """The objects of a chart; values are JSON. Raises ToolingError with Helm's complaint."""
    words = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    printed = shell.run([helm, "template", release, str(CHARTS / chart), "--namespace=chat", *words])
    return [document for document in yaml.safe_load_all(printed) if document]


def operator_pod(helm: Path, **values: Any) -> dict[str, Any]:
    (deployment,) = of_kind(template(helm, "messaging-operator", **values), "Deployment")
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


def test_the_crd_is_installed_as_generated_and_kept(helm: Path) -> None:
    (crd,) = of_kind(template(helm, "messaging-operator"), "CustomResourceDefinition")
    assert crd["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert crd == custom_resource_definition()


def test_the_crd_goes_with_the_release_where_that_is_wanted(helm: Path) -> None:
    (crd,) = of_kind(template(helm, "messaging-operator", crds={"keep": False}), "CustomResourceDefinition")
    assert "annotations" not in crd["metadata"]


def test_the_crd_may_come_from_elsewhere(helm: Path) -> None:
    assert not of_kind(template(helm, "messaging-operator", crds={"enabled": False}), "CustomResourceDefinition")


def test_the_operators_pod_is_restricted_on_a_read_only_root(helm: Path) -> None:
    pod = operator_pod(helm)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"] == "messaging/operator:1.0.0"


@pytest.mark.parametrize("values", [{}, {"operatorClass": "blue", "watchNamespaces": ["a", "b"], "logLevel": "DEBUG"}])
def test_the_operator_understands_its_arguments(helm: Path, values: dict[str, Any]) -> None:
    (container,) = operator_pod(helm, **values)["containers"]
    name, *arguments = container["args"]
    group = typer.main.get_group(app)
    parsed = group.commands[name].make_context(name, arguments).params
    assert parsed["operator_class"] == values.get("operatorClass", "")
    assert list(parsed["namespace"] or ()) == values.get("watchNamespaces", [])
    assert parsed["log_level"] == values.get("logLevel", "INFO")
    assert parsed["probe_port"] == container["ports"][0]["containerPort"]


@pytest.mark.parametrize("operator_class", ["", "blue"])
def test_the_lease_is_the_only_one_that_may_be_changed(helm: Path, operator_class: str) -> None:
    objects = template(helm, "messaging-operator", release="op", operatorClass=operator_class)
    rules = find(objects, "Role", "op-messaging-operator-lease")["rules"]
    changing = [rule for rule in rules if "update" in rule["verbs"]]
    assert [rule["resourceNames"] for rule in changing] == [
        [OperatorSettings(operator_class=operator_class).lease_name]
    ]


def test_no_rule_says_everything(helm: Path) -> None:
    for role in template(helm, "messaging-operator"):
        for rule in role.get("rules", []):
            assert "*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]]


def test_an_operator_of_some_namespaces_has_rights_in_these_only(helm: Path) -> None:
    objects = template(helm, "messaging-operator", watchNamespaces=["a", "b"])
    assert not of_kind(objects, "ClusterRole")
    assert not of_kind(objects, "ClusterRoleBinding")
    serving = [role for role in of_kind(objects, "Role") if not role["metadata"]["name"].endswith("-lease")]
    assert {role["metadata"]["namespace"] for role in serving} == {"a", "b"}


@pytest.mark.parametrize(
    "values",
    [{"replicas": 3}, {"unknown": 1}, {"crds": {"kepp": True}}, {"watchNamespaces": "a"}, {"logLevel": "loud"}],
)
def test_values_that_cannot_be_are_refused(helm: Path, values: dict[str, Any]) -> None:
    with pytest.raises(ToolingError, match=next(iter(values))):
        template(helm, "messaging-operator", **values)


def test_a_platform_is_its_values_word_for_word(helm: Path) -> None:
    values: dict[str, Any] = {
        "gateway": {"externalURL": URL, "service": {"type": "NodePort", "nodePort": 30500}},
        "services": {"message": {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}},
        "deletionPolicy": "Delete",
    }
    (platform,) = template(helm, "messaging-platform", operatorClass="blue", **values)
    assert platform["spec"] == {"version": "1.0.0", **values}
    assert platform["metadata"]["name"] == "demo"
    assert platform["metadata"]["labels"]["messaging.dev/operator-class"] == "blue"
    parse_spec(platform["spec"], strict=True)


def test_a_platform_may_have_another_name_and_version_than_its_release(helm: Path) -> None:
    (platform,) = template(helm, "messaging-platform", name="chat", version="1.0.7", gateway={"externalURL": URL})
    assert platform["metadata"]["name"] == "chat"
    assert platform["spec"]["version"] == "1.0.7"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "externalURL"),
        ({"gateway": {"externalURL": URL, "prot": 1}}, "prot"),
        ({"gateway": {"externalURL": URL}, "name": "A.b"}, "name"),
    ],
)
def test_a_platform_that_cannot_be_is_refused(helm: Path, values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolingError, match=complaint):
        template(helm, "messaging-platform", **values)
