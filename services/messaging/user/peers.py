"""Auth as the user service sees it: accounts end there, by the caller's own token."""

from datetime import timedelta

import httpx
from messaging_wire import problems
from messaging_wire.auth import AccountDelete, DeletionReceipt
from messaging_wire.problems import Problem
from pydantic import ValidationError

from messaging.kernel.errors import ProblemError

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
