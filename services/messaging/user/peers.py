"""Other services, always by the caller's own token: accounts end in auth, and message knows fellow members."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import httpx
import structlog
from messaging_wire import problems
from messaging_wire.auth import AccountDelete, DeletionReceipt
from messaging_wire.ids import UserId
from messaging_wire.problems import Problem
from messaging_wire.user import Fellows
from pydantic import ValidationError

from messaging.kernel.errors import ProblemError

log = structlog.get_logger(__name__)

_SOON = httpx.Timeout(2.0)
_BY_URN = {problem.urn: problem for problem in problems.ALL}
_WITHIN = httpx.Timeout(30.0, connect=2.0)
"""A password may have to wait for its turn to be checked."""


class AccountPeer:
    """Calls auth's internal interface."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def delete(self, request: AccountDelete, *, token: str, forwarded_for: str) -> DeletionReceipt:
        """Delete the account of who has the token; `forwarded_for` is the client's address as proxies tell it.

        Raises:
            ProblemError: what auth answers; 503 where it cannot be reached.
        """
        body = {"password": request.password.get_secret_value(), "messages": request.messages}
        headers = {"Authorization": f"Bearer {token}"} | ({"X-Forwarded-For": forwarded_for} if forwarded_for else {})
        try:
            answer = await self._client.post("/internal/account/delete", json=body, headers=headers, timeout=_WITHIN)
        except httpx.HTTPError:
            raise ProblemError(problems.UNAVAILABLE, "auth is away") from None
        if answer.is_success:
            return DeletionReceipt.model_validate_json(answer.content)
        raise _as_told(answer)


class FellowPeer:
    """Calls the message service's internal interface."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def among(self, token: str, others: Sequence[UUID]) -> set[UserId]:
        """Return those of up to 100 others who share a conversation with the holder of the token.

        Nobody where the message service cannot be reached: presence is no reason to fail.
        """
        try:
            answer = await self._client.get(
                "/internal/fellows",
                params={"ids": [str(user_id) for user_id in others]},
                headers={"Authorization": f"Bearer {token}"},
                timeout=_SOON,
            )
            answer.raise_for_status()
            return set(Fellows.model_validate_json(answer.content).user_ids)
        except (httpx.HTTPError, ValidationError) as error:
            log.warning("fellows_unknown", error=type(error).__name__)
            return set()


def _as_told(answer: httpx.Response) -> ProblemError:
    try:
        told = Problem.model_validate_json(answer.content)
    except ValidationError:
        return ProblemError(problems.BAD_GATEWAY)
    wait = answer.headers.get("Retry-After", "")
    return ProblemError(
        _BY_URN.get(told.type, problems.BAD_GATEWAY),
        told.detail,
        errors=told.errors,
        retry_after=timedelta(seconds=int(wait)) if wait.isdigit() else None,
    )
