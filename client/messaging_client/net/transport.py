"""HTTP to the gateway: bodies from wire models, answers into wire models, problems into the tree of errors."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx
from messaging_wire.base import Request
from messaging_wire.problems import BY_STATUS, Problem
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import to_json

from messaging_client.errors import BadAnswerError, UnreachableError, problem_error

AnswerModel = TypeVar("AnswerModel", bound=BaseModel)
Query = Mapping[str, str | int | bool]

TIMEOUT = timedelta(seconds=30)
_UNREADABLE = "the answer is not one of the messaging platform; is the server's address right?"


class Transport:
    """One gateway and its connections. Knows nothing of sessions: the caller gives each request its token."""

    def __init__(self, base_url: str, *, timeout: timedelta = TIMEOUT) -> None:
        """`base_url` is the gateway's, such as http://localhost:5000."""
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=timeout.total_seconds(),
            headers={"User-Agent": "messaging-client", "Accept": "application/json"},
        )

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        body: Request | None = None,
        params: Query | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Send one request and return its successful answer.

        Raises:
            UnreachableError: no answer came.
            ProblemError: the platform refused.
            BadAnswerError: an error came in no form of the platform's.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = encode(body)
        try:
            response = await self._http.request(method, path, content=content, params=params, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise UnreachableError(f"{self.base_url} does not answer: {error or type(error).__name__}") from error
        if not response.is_success:
            raise _refusal(response)
        return response

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def encode(body: Request) -> bytes:
    """Write a request's body as JSON, without what was not set, and with its secrets as they are."""
    fields = body.model_dump(mode="python", exclude_unset=True)
    revealed = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in fields.items()
    }
    return to_json(revealed)


def decode(response: httpx.Response, model: type[AnswerModel]) -> AnswerModel:
    """Read an answer into its model; raises BadAnswerError."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise BadAnswerError(_UNREADABLE) from error


def _refusal(response: httpx.Response) -> Exception:
    retry_after = _retry_after(response.headers.get("Retry-After"))
    try:
        return problem_error(Problem.model_validate(response.json()), retry_after)
    except (json.JSONDecodeError, UnicodeDecodeError, ValidationError):
        general = BY_STATUS.get(response.status_code)
        if general is None or response.status_code < 500:
            return BadAnswerError(f"{_UNREADABLE} (status {response.status_code})")
        return problem_error(Problem(type=general.urn, title=general.title, status=general.status), retry_after)


def _retry_after(value: str | None) -> timedelta | None:
    """Read Retry-After, in seconds or as a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value))
    try:
        return max(timedelta(), parsedate_to_datetime(value) - datetime.now(UTC))
    except (TypeError, ValueError):
        return None
