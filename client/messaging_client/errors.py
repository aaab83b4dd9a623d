"""Everything that can go wrong, as one tree.

ClientError
├── NotSignedInError             there are no tokens: sign up or log in first
├── SessionEndedError            the platform ended the session: log in again
├── UnreachableError             no answer came; a request may or may not have been carried out
├── BadAnswerError               what answered does not speak the contract (a captive portal, another server)
├── TokenStorageError            there is no safe place for the tokens
└── ProblemError                 the platform refused, and says why (RFC 9457)
    ├── InvalidRequestError      400, 405, 406, 413, 415, 422 and 431: the request itself is wrong
    ├── InvalidTokenError        401 invalid-token
    ├── InvalidCredentialsError  401 invalid-credentials and totp-required
    ├── ForbiddenError           403
    ├── NotFoundError            404: not there, or not yours
    ├── ConflictError            409
    ├── TooManyRequestsError     429, with `retry_after`
    └── UnavailableError         5xx, with `retry_after`: worth trying again
"""

from datetime import timedelta

from messaging_wire import problems
from messaging_wire.problems import Problem


class ClientError(Exception):
    """Base of every error that this package raises on purpose."""


class NotSignedInError(ClientError):
    """There are no tokens: sign up or log in first."""


class SessionEndedError(ClientError):
    """The platform ended the session: log in again."""


class UnreachableError(ClientError):
    """No answer came; a request may or may not have been carried out."""


class BadAnswerError(ClientError):
    """What answered does not speak the contract."""


class TokenStorageError(ClientError):
    """There is no safe place for the tokens."""


class ProblemError(ClientError):
    """The platform refused; `retry_after` is what it asks to wait, where it does."""

    def __init__(self, problem: Problem, retry_after: timedelta | None = None) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.retry_after = retry_after


class InvalidRequestError(ProblemError):
    """The request itself is wrong; `problem.errors` names the fields."""


class InvalidTokenError(ProblemError):
    """The access token is missing, expired or revoked."""


class InvalidCredentialsError(ProblemError):
    """The log-in name, the password or the one-time code is wrong or missing."""


class ForbiddenError(ProblemError):
    """It is there, and you may not do this with it."""


class NotFoundError(ProblemError):
    """It is not there, or it is not yours."""


class ConflictError(ProblemError):
    """It conflicts with what is there."""


class TooManyRequestsError(ProblemError):
    """Too many requests; wait for `retry_after`."""


class UnavailableError(ProblemError):
    """The platform cannot answer right now; worth trying again."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    401: InvalidCredentialsError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: TooManyRequestsError,
}


def problem_error(problem: Problem, retry_after: timedelta | None = None) -> ProblemError:
    """Return the error of the tree that fits a problem."""
    if problem.type == problems.INVALID_TOKEN.urn:
        return InvalidTokenError(problem, retry_after)
    if problem.status >= 500:
        return UnavailableError(problem, retry_after)
    return _BY_STATUS.get(problem.status, InvalidRequestError)(problem, retry_after)
