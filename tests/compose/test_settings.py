"""A service is told the same by `compose.yaml` as by the operator: compared in what the service reads from it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from messaging_operator import names
from messaging_operator.desired import Platform
from messaging_operator.desired.settings import service_env
from messaging_operator.spec import parse_spec

from e2e.cache import REPOSITORY
from tests.compose.project import PLATFORM_FILE

DEFAULTED = re.compile(r"\$\{\w+:-(.*?)\}")
SECRETS = {"database_username": "u", "database_password": "p", "broker_username": "u", "broker_password": "p"}
OWN_SECRETS = {"auth": "key_encryption_key", "export": "link_key"}
ADDRESSES = {"MESSAGING_AUTH_INTERNAL_URL", "MESSAGING_MESSAGE_INTERNAL_URL"}
"""The operator names an address only to who calls it; compose names all to all."""
DIFFERENT = {"database_pool_size"}
"""What follows from the number of replicas, which compose does not know."""


@pytest.fixture
def secrets_folder(tmp_path: Path) -> Path:
    for name, value in SECRETS.items():
        (tmp_path / name).write_text(value)
    for name in OWN_SECRETS.values():
        (tmp_path / name).write_text("x" * 64)
    return tmp_path


@pytest.mark.parametrize("service", names.SERVICES)
def test_a_service_reads_the_same_settings_as_on_the_cluster(
    service: str, secrets_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_SECRETS_DIR", str(secrets_folder))
    unused = {name for name in ADDRESSES if name not in by_operator(service)}
    compose = {name: value for name, value in by_compose(service).items() if name not in unused}
    assert read(service, compose, monkeypatch) == read(service, by_operator(service), monkeypatch)


def read(service: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings: dict[str, Any] = importlib.import_module(f"messaging.{service}.app").load().model_dump()
    return {name: value for name, value in settings.items() if name not in DIFFERENT}


def by_compose(service: str) -> dict[str, str]:
    told = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"][service]["environment"]
    return {name: DEFAULTED.sub(r"\1", str(value)) for name, value in told.items()}


def by_operator(service: str) -> dict[str, str]:
    resource = yaml.safe_load(PLATFORM_FILE.read_text())
    spec = parse_spec(resource["spec"], strict=True)
    platform = Platform(name=resource["metadata"]["name"], namespace="default", uid="", spec=spec)
    return service_env(platform, service)
