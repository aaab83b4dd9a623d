"""What Kubernetes and Prometheus ask the operator: /healthz, /readyz and /metrics on one port.

Called by handlers.py. A standby is ready: it waits to lead, and ``helm --wait`` waits for every replica. Liveness fails
when the watches are known to have missed a change.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import generate_latest

from messaging_operator import metrics


@asynccontextmanager
async def serving(*, port: int, why_unhealthy: Callable[[], str], is_leader: Callable[[], bool]) -> AsyncIterator[int]:
    """Serve while the body runs; yields the port (a free one for 0). `why_unhealthy` returns '' when all is well."""

    async def healthz(_: web.Request) -> web.Response:
        reason = why_unhealthy()
        body = {"status": "unhealthy" if reason else "ok", "leader": is_leader()}
        return web.json_response(body | ({"reason": reason} if reason else {}), status=503 if reason else 200)

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "leader": is_leader()})

    async def prometheus(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.REGISTRY), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", prometheus)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, port=port)
        await site.start()
        addresses = runner.addresses
        yield int(addresses[0][1])
    finally:
        await runner.cleanup()
