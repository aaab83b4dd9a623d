"""What may be repeated is tried until an answer comes; a refusal ends the trying at once."""

from datetime import timedelta

import pytest
from messaging_client.cli.insisting import insist
from messaging_client.errors import NotFoundError, ProblemError, UnreachableError, problem_error
from messaging_wire import problems
from messaging_wire.problems import Problem, ProblemType


def refusal(kind: ProblemType) -> ProblemError:
    return problem_error(Problem(type=kind.urn, title=kind.title, status=kind.status), timedelta(milliseconds=10))


class Server:
    """Answers with each of `errors`, then well."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def answer(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "stored"


async def test_trouble_that_passes_is_waited_out() -> None:
    server = Server(UnreachableError("gone"), refusal(problems.UNAVAILABLE), refusal(problems.TOO_MANY_REQUESTS))

    assert await insist(server.answer) == "stored"
    assert server.calls == 4


async def test_a_refusal_ends_it_at_once() -> None:
    server = Server(refusal(problems.NOT_FOUND))

    with pytest.raises(NotFoundError):
        await insist(server.answer)
    assert server.calls == 1


async def test_patience_ends_with_the_last_error() -> None:
    server = Server(*(UnreachableError(f"gone {number}") for number in range(1000)))

    with pytest.raises(UnreachableError, match="gone"):
        await insist(server.answer, patience=timedelta(milliseconds=100))
