"""Requests to the API server: what its answers mean, and how long anything may take."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from kubernetes.aio.client import ApiClient, Configuration
from messaging_operator.cluster import (
    ApiError,
    Cluster,
    ConflictError,
    NotFoundError,
    RefusedError,
    UnreachableError,
)
from messaging_operator.kinds import CONFIG_MAP, SECRET

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b", "uid": "c"}}
NOT_KNOWN_YET = "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion x Kind Y"


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[ApiClient]:
    """Serve `answer` for every path; yields a client for it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with ApiClient(Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")) as client:
            yield client
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (401, "token has expired", UnreachableError),
        (403, "exceeded quota", RefusedError),
        (403, NOT_KNOWN_YET, UnreachableError),
        (404, "namespaces not found", NotFoundError),
        (409, "already exists", ConflictError),
        (422, "spec: Invalid value", RefusedError),
        (429, "too many requests", UnreachableError),
        (500, "etcd is away", UnreachableError),
        (503, "shutting down", UnreachableError),
    ],
)
async def test_an_answer_says_whether_the_same_request_may_work_later(
    status: int, message: str, error: type[ApiError]
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "Status", "message": message}, status=status)

    async with server(refuse) as client:
        with pytest.raises(error, match="POST /api/v1/namespaces/b/configmaps: ") as caught:
            await Cluster(client).create(OBJECT)

    assert caught.value.message == message


async def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with server(hang) as client:
        cluster = Cluster(client, timeout=timedelta(milliseconds=100))
        async with asyncio.timeout(5):
            with pytest.raises(UnreachableError):
                await cluster.read(SECRET, "a", "b")


async def test_a_write_may_take_no_longer_than_the_fence_says() -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with server(hang) as client:
        cluster = Cluster(client, fence=lambda: 0.1)
        async with asyncio.timeout(5):
            with pytest.raises(UnreachableError):
                await cluster.apply(OBJECT)


async def test_nobody_there_is_unreachable() -> None:
    async with ApiClient(Configuration(host="http://127.0.0.1:1")) as client:
        with pytest.raises(UnreachableError):
            await Cluster(client).read(SECRET, "a", "b")


async def test_a_long_list_comes_in_pages() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        start = int(request.query.get("continue", "0"))
        more = {"continue": str(start + 1)} if start < 2 else {}
        return web.json_response({"metadata": more, "items": [{"metadata": {"name": f"item-{start}"}}]})

    async with server(page) as client:
        found = await Cluster(client).list(CONFIG_MAP, "b", labels={"x": "y"})

    assert [(one["kind"], one["metadata"]["name"]) for one in found] == [
        ("ConfigMap", "item-0"),
        ("ConfigMap", "item-1"),
        ("ConfigMap", "item-2"),
    ]


async def test_deleting_what_is_gone_is_fine() -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "Status", "message": "not found"}, status=404)

    async with server(gone) as client:
        await Cluster(client).delete(OBJECT)
