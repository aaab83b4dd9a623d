"""Trying again what may be repeated: requests that carry an id of the client's are carried out once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_delay, wait_random_exponential

from messaging_client.errors import ProblemError, TooManyRequestsError, UnavailableError, UnreachableError

Result = TypeVar("Result")

PATIENCE = timedelta(seconds=60)
_JITTER = wait_random_exponential(multiplier=0.25, max=5)


async def insist(call: Callable[[], Awaitable[Result]], *, patience: timedelta = PATIENCE) -> Result:
    """Call until an answer comes, or `patience` is over; then raise the last error. A refusal is raised at once."""
    retrying = AsyncRetrying(
        retry=retry_if_exception_type((UnreachableError, UnavailableError, TooManyRequestsError)),
        wait=_wait_s,
        stop=stop_after_delay(patience.total_seconds()),
        reraise=True,
    )

    async def _call() -> Result:  # the library awaits only what it can see to be a coroutine function
        return await call()

    return await retrying(_call)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.retry_after if isinstance(error, ProblemError) else None
    return max(_JITTER(state), asked.total_seconds() if asked is not None else 0)
