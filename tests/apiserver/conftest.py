"""Fixtures: one control plane for the whole run, a fresh namespace for each test."""

import asyncio
import itertools
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from kubernetes.aio.client import ApiClient
from messaging_operator.crd import custom_resource_definition

from e2e.images import binaries
from tests.apiserver import controlplane
from tests.apiserver.controlplane import ControlPlane
from tests.apiserver.world import Api, World, platforms

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real etcd and kube-apiserver."""
    programs = binaries.ensure("etcd", "kube-apiserver")
    folder: Path = tmp_path_factory.mktemp("control-plane")
    with controlplane.running(folder, etcd=programs["etcd"], apiserver=programs["kube-apiserver"]) as plane:
        yield plane


@pytest.fixture(scope="session")
async def api(control_plane: ControlPlane) -> AsyncIterator[Api]:
    """The API server in plain HTTP, with the CRD in place."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(control_plane.ca_file)))
    headers = {"Authorization": f"Bearer {control_plane.admin_token}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        made = Api(session, control_plane.url)
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        status, answer = await made.send("POST", path, custom_resource_definition())
        assert status == 201, answer
        await _until_served(made)
        yield made


async def _until_served(api: Api) -> None:
    for _ in range(100):
        if (await api.send("GET", platforms("default")))[0] == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the resource is not served")


@pytest.fixture(scope="session")
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
