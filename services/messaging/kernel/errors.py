"""The exceptions of the kernel.

    Exception
    ├── ConfigurationError   a person must change something; the process ends with exit code 2
    └── ProblemError         an error that the caller is told as problem+json; raised by services

`problems.py` turns them, and what libraries raise, into answers.
"""

from datetime import timedelta

from messaging_wire.problems import FieldProblem, Problem, ProblemType


class ConfigurationError(Exception):
    """The process cannot run as it is configured; the message is one line that says what to do."""


class ProblemError(Exception):
    """A decision that the caller is told: a problem type, a sentence about this case, and what goes with it."""

    def __init__(
        self,
        problem: ProblemType,
        detail: str = "",
        *,
        errors: list[FieldProblem] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{problem.name}: {detail}")
        self.problem = problem
        self.detail = detail
        self.errors = errors or []
        self.retry_after = retry_after

    def body(self) -> Problem:
        """The problem as it travels."""
        return Problem(
            type=self.problem.urn,
            title=self.problem.title,
            status=self.problem.status,
            detail=self.detail,
            errors=self.errors,
        )


def raise_configuration_error(group: BaseExceptionGroup[BaseException]) -> None:
    """Raise the first `ConfigurationError` among what tasks have raised, or return.

    Raises:
        ConfigurationError: one of the tasks needs a person.
    """
    for error in group.exceptions:
        if isinstance(error, ConfigurationError):
            raise error from None
        if isinstance(error, BaseExceptionGroup):
            raise_configuration_error(error)
