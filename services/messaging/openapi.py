"""The OpenAPI document of all services together, as a client sees it through the gateway.

`messaging openapi` prints it; the result is checked in as `openapi.json`, which every service serves.
"""

import importlib
import json
from typing import Any

from fastapi import APIRouter, FastAPI

from messaging.kernel.problems import ERROR_ANSWERS
from messaging.kernel.settings import VERSION

SERVICES = ("auth", "user", "message", "notification", "export")
PREFIX = "/api"


def document() -> dict[str, Any]:
    """Build the document from the routes in the code; paths are the gateway's."""
    app = FastAPI(
        title="Messaging platform",
        version=VERSION,
        description="Everything that a client can do, through the gateway. Real time: docs/asyncapi.yaml.",
    )
    for service in SERVICES:
        for router in _routers(service):
            app.include_router(router, responses=ERROR_ANSWERS, tags=[service])
    schema = app.openapi()
    schema["paths"] = {path.removeprefix(PREFIX): item for path, item in schema["paths"].items()}
    schema["servers"] = [{"url": "/", "description": "The gateway"}]
    return schema


def _routers(service: str) -> list[APIRouter]:
    module = importlib.import_module(f"messaging.{service}.api")
    return [value for value in vars(module).values() if isinstance(value, APIRouter)]


def render_document() -> str:
    """The document as text, stable from run to run."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
