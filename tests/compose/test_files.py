"""`compose.yaml` and its folder: what can be said of them without a container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from messaging_operator.gateway import HOT_FILES, ROLLED_FILES

from e2e import versions
from e2e.cache import REPOSITORY
from tests.compose.project import PLATFORM_FILE, render

IMAGES = {"mysql": versions.MYSQL_IMAGE, "rabbitmq": versions.RABBITMQ_IMAGE, "gateway": versions.ENVOY_IMAGE}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services of the file, its anchors resolved."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
    return found


def test_the_gateways_files_are_what_render_makes(tmp_path: Path) -> None:
    render(PLATFORM_FILE, tmp_path)
    for folder, names in (("boot", ROLLED_FILES), ("live", HOT_FILES)):
        for name in names:
            kept = REPOSITORY / "compose" / "envoy" / folder / name
            assert kept.read_text() == (tmp_path / folder / name).read_text(), f"render compose/envoy again: {name}"


def test_images_are_those_of_the_cluster(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["image"].replace("${VERSION:-1.0.0}", versions.PLATFORM) == IMAGES.get(
            name, versions.SERVICES_IMAGE
        )


def test_every_container_is_confined(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_only_what_makes_the_secrets_is_root_and_it_has_no_network(services: dict[str, dict[str, Any]]) -> None:
    roots = {name for name, service in services.items() if service["user"].startswith("0:")}
    assert roots == {"secrets"}
    assert services["secrets"]["network_mode"] == "none"


def test_what_serves_comes_back_by_itself_within_its_memory(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name == "secrets" or name.startswith("migrate-"):
            assert "restart" not in service, name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["mem_limit"], name
            assert service["healthcheck"], name


def test_only_the_gateway_is_reached_from_this_machine_and_from_no_other(services: dict[str, dict[str, Any]]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports == {"gateway": ["127.0.0.1:${PORT:-5000}:5000"]}
