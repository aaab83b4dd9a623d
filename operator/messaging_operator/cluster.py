"""Every request that the operator makes to the API server, each with a time-out and, when it writes, a fence.

Stands between ``kubernetes.aio`` and reconcile.py, leader.py and events.py. Objects go in and come out as plain JSON.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.dynamic import DynamicClient
from kubernetes.aio.dynamic.resource import Resource

from messaging_operator import metrics
from messaging_operator.desired import Manifest
from messaging_operator.kinds import BY_NAME, Kind
from messaging_operator.names import FIELD_MANAGER

PAGE = 500
_TRANSIENT = frozenset({401, 408, 429})
_KIND_IS_NEW = "cannot find RESTMapping"
"""What OwnerReferencesPermissionEnforcement says for some seconds after the CRD was made."""
MERGE_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    """A request that failed. Subclasses say what a caller may do about it.

    ApiError
    ├── UnreachableError   no answer in time, or the server is overloaded or failing: the same request may work later
    ├── ConflictError      409: the object is there already, or it has changed since it was read
    ├── NotFoundError      404: the object, its namespace or its kind does not exist
    └── RefusedError       any other 4xx: the same request will not work until somebody changes something
    """

    def __init__(self, request: str, status: int | None, message: str) -> None:
        super().__init__(f"{request}: {message}")
        self.status = status
        self.message = message


class UnreachableError(ApiError):
    """No usable answer."""


class ConflictError(ApiError):
    """409."""


class NotFoundError(ApiError):
    """404."""


class RefusedError(ApiError):
    """The request is not acceptable as it is: forbidden, invalid, unsupported."""


def unfenced() -> float:
    """Allow any write: for reads only, for the leader's own Lease and for tools."""
    return float("inf")


class Cluster:
    """The API server as this operator sees it.

    `fence` is asked before every write: it raises when this process may not write (any more), else returns for how many
    seconds a write that starts now may run.
    """

    def __init__(
        self, client: ApiClient, *, fence: Callable[[], float] = unfenced, timeout: timedelta = timedelta(seconds=10)
    ) -> None:
        self._dynamic = DynamicClient(client)
        self._fence = fence
        self._timeout_s = timeout.total_seconds()

    async def read(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None where there is none."""
        try:
            return await self._request("get", kind, namespace, name)
        except NotFoundError:
            return None

    async def list(self, kind: Kind, namespace: str | None, *, labels: Mapping[str, str]) -> list[Manifest]:
        """Return the objects with all these labels, of one namespace or (None) of all, in pages, in no order."""
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        found: list[Manifest] = []
        proceed: str | None = None
        while True:
            page = await self._request("get", kind, namespace, label_selector=selector, limit=PAGE, _continue=proceed)
            stamp = {"apiVersion": kind.api_version, "kind": kind.name}
            found.extend({**stamp, **item} for item in page["items"])
            proceed = page["metadata"].get("continue")
            if not proceed:
                return found

    async def apply(self, manifest: Manifest, *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> Manifest:
        """Apply `manifest` server-side; it owns what it states and takes it from whoever holds it."""
        query: list[tuple[str, str]] = [("fieldValidation", "Strict")] if dry_run else []
        return await self._write(
            "patch",
            manifest,
            content_type="application/apply-patch+yaml",
            field_manager=manager,
            force_conflicts="true",
            dry_run="All" if dry_run else None,
            query_params=query,
        )

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object. Raises ConflictError where its name is taken."""
        return await self._write("post", manifest, field_manager=FIELD_MANAGER)

    async def replace(self, manifest: Manifest) -> Manifest:
        """Replace an object. Raises ConflictError when it has changed since its ``resourceVersion``."""
        return await self._write("put", manifest, field_manager=FIELD_MANAGER)

    async def merge(self, manifest: Manifest, *, subresource: str = "") -> Manifest:
        """Merge-patch an object (RFC 7386). A ``resourceVersion`` in it makes a ConflictError of a change meanwhile."""
        return await self._write(
            "patch", manifest, subresource=subresource, content_type=MERGE_PATCH, field_manager=FIELD_MANAGER
        )

    async def delete(self, manifest: Manifest, *, propagation: str = "Background") -> None:
        """Delete exactly this object (by uid); one that is gone already is fine."""
        uid = manifest["metadata"]["uid"]
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        with suppress(NotFoundError):
            await self._write("delete", manifest, body=options | {"preconditions": {"uid": uid}})

    async def _write(
        self, method: str, manifest: Manifest, *, body: Manifest | None = None, subresource: str = "", **options: Any
    ) -> Manifest:
        kind, metadata = BY_NAME[manifest["kind"]], manifest["metadata"]
        timeout_s = min(self._timeout_s, self._fence())
        name = None if method == "post" else metadata["name"]
        payload = manifest if body is None else body
        metrics.WRITES.labels(method=method, kind=kind.name).inc()
        return await self._request(
            method,
            kind,
            metadata.get("namespace"),
            name,
            subresource=subresource,
            timeout_s=timeout_s,
            body=payload,
            **options,
        )

    async def _request(
        self,
        method: str,
        kind: Kind,
        namespace: str | None,
        name: str | None = None,
        *,
        subresource: str = "",
        timeout_s: float | None = None,
        **options: Any,
    ) -> Manifest:
        path = _resource(kind).path(name=name, namespace=namespace) + (f"/{subresource}" if subresource else "")
        timeout_s = timeout_s or self._timeout_s
        request = f"{method.upper()} {path}"
        try:
            async with asyncio.timeout(timeout_s):
                answer: Manifest = await self._dynamic.request(
                    method,
                    path,
                    serializer=lambda _client, data: data,
                    _request_timeout=aiohttp.ClientTimeout(total=timeout_s),
                    **options,
                )
        except ApiException as error:
            raise _api_error(request, error) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UnreachableError(request, None, f"no answer ({type(error).__name__}: {error})") from error
        return answer


def _resource(kind: Kind) -> Resource:
    return Resource(
        prefix="apis" if kind.group else "api",
        group=kind.group,
        api_version=kind.version,
        kind=kind.name,
        name=kind.plural,
        namespaced=True,
    )


def _api_error(request: str, error: ApiException) -> ApiError:
    try:
        message = str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        message = str(error.reason)
    kinds: dict[int, type[ApiError]] = {404: NotFoundError, 409: ConflictError}
    transient = error.status in _TRANSIENT or _KIND_IS_NEW in message
    refused = 400 <= error.status < 500 and not transient
    return kinds.get(error.status, RefusedError if refused else UnreachableError)(request, error.status, message)
