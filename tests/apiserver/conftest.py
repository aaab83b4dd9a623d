"""Fixtures: one control plane for the whole run, a fresh namespace for each test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from kubernetes.aio.client import ApiClient

from e2e.images import binaries
from tests.apiserver import controlplane
from tests.apiserver.controlplane import ControlPlane
from tests.apiserver.world import Api, World

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real etcd and kube-apiserver."""
    programs = binaries.ensure("etcd", "kube-apiserver")
    folder: Path = tmp_path_factory.mktemp("control-plane")
    with controlplane.running(folder, etcd=programs["etcd"], apiserver=programs["kube-apiserver"]) as plane:
        yield plane


@pytest.fixture(scope="package")
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The API server in plain HTTP, with the CRD in place."""
    async with control_plane.session() as session:
        made = Api(session, control_plane.url)
        await made.create_definition()
        yield made


@pytest.fixture(scope="package")
async def client(control_plane: ControlPlane) -> AsyncIterator[ApiClient]:
    """The operator's client, with an administrator's rights."""
    async with control_plane.client() as made:
        yield made


@pytest.fixture
async def namespace(api: Api) -> str:
    """A namespace of the test's own."""
    name = f"test-{next(_numbers)}"
    await api.create_namespace(name)
    return name


@pytest.fixture
def world(api: Api, namespace: str, client: ApiClient) -> World:
    """A namespace in which no platform is declared yet, and an operator."""
    return World(api, namespace, client)
