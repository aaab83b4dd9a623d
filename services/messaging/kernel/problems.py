"""Errors as answers: the one place where exceptions become problem+json (RFC 9457)."""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from messaging_wire import problems
from messaging_wire.problems import FieldProblem, Problem
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from messaging.kernel.bus import BusUnavailableError
from messaging.kernel.database import is_transient
from messaging.kernel.errors import ProblemError

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
"""The largest request body; the gateway has the same limit."""
RETRY_AFTER = timedelta(seconds=2)
CHALLENGE = 'Bearer error="invalid_token"'


def to_problem(error: Exception) -> ProblemError:
    """Translate any exception into the problem that the caller is told; the unforeseen is logged here."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, ValidationError | RequestValidationError):
        return invalid_fields(error)
    if is_transient(error) or isinstance(error, BusUnavailableError):
        log.warning("unavailable", error=type(error).__name__)
        return ProblemError(problems.UNAVAILABLE, "a part of the platform is away", retry_after=RETRY_AFTER)
    log.error("unforeseen_error", exc_info=error)
    return ProblemError(problems.INTERNAL)


def invalid_fields(error: ValidationError | RequestValidationError) -> ProblemError:
    """Say what is wrong with which field, without the input; unreadable JSON is 400, a bad id in a path 404."""
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return ProblemError(problems.BAD_REQUEST, "the body is not JSON")
    if any(item["loc"][:1] == ("path",) for item in found):
        return ProblemError(problems.NOT_FOUND)
    return ProblemError(
        problems.INVALID_FIELDS, errors=[FieldProblem(field=_field(item), message=_message(item)) for item in found]
    )


def _field(item: Mapping[str, Any]) -> str:
    path = [str(part) for part in item["loc"] if part not in ("body", "query", "header")]
    return ".".join(path) or "body"


def _message(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "is not a known field"
    return str(item["msg"]).removeprefix("Value error, ")


def _is_of_another_media_type(request: Request, error: RequestValidationError) -> bool:
    """Tell whether a body was not read because its Content-Type is not JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    return not is_json and bool(error.body) and any(item["loc"] == ("body",) for item in error.errors())


def answer(error: ProblemError) -> Response:
    """The HTTP answer for a problem."""
    headers = {"Cache-Control": "no-store"}
    if error.problem is problems.INVALID_TOKEN:
        headers["WWW-Authenticate"] = CHALLENGE
    retry_after = error.retry_after or (RETRY_AFTER if error.problem.status in (429, 503, 504) else None)
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, ceil(retry_after.total_seconds())))
    return Response(
        error.body().model_dump_json(), error.problem.status, headers=headers, media_type=problems.MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Answer every exception of `app` with problem+json."""

    async def _answer(request: Request, error: Exception) -> Response:
        if isinstance(error, RequestValidationError) and _is_of_another_media_type(request, error):
            return answer(ProblemError(problems.UNSUPPORTED_MEDIA_TYPE, "send application/json"))
        return answer(to_problem(error))

    async def _http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
        problem = problems.BY_STATUS.get(error.status_code, problems.INTERNAL)
        response = answer(ProblemError(problem))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    app.add_exception_handler(HTTPException, _http)
    for kind in (ProblemError, RequestValidationError, ValidationError, SQLAlchemyError, BusUnavailableError):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(Exception, _answer)


ERROR_ANSWERS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "An error (RFC 9457)",
        "content": {problems.MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}
"""What every route may also answer, for OpenAPI."""
