"""Every error that a client can meet, by the name in its `type` (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457).

`type` is `urn:messaging:problem:<name>`. The gateway answers with the same names for what it refuses itself.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from messaging_wire.base import Answer

TYPE_PREFIX: Final = "urn:messaging:problem:"
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class ProblemType:
    """A kind of error: its name, its HTTP status and a title that never varies."""

    name: str
    status: int
    title: str

    @property
    def urn(self) -> str:
        """The value of `type`."""
        return TYPE_PREFIX + self.name


class FieldProblem(Answer):
    """What is wrong with one field; never holds the input itself."""

    field: str
    message: str


class Problem(Answer):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[FieldProblem] = Field(default_factory=list)


BAD_REQUEST = ProblemType("bad-request", 400, "The request cannot be read")
INVALID_TOKEN = ProblemType("invalid-token", 401, "The access token is missing, expired or not valid")
INVALID_CREDENTIALS = ProblemType("invalid-credentials", 401, "The log-in name or the password is wrong")
TOTP_REQUIRED = ProblemType("totp-required", 401, "A one-time code is required")
FORBIDDEN = ProblemType("forbidden", 403, "You may not do this")
SIGN_UP_CLOSED = ProblemType("sign-up-closed", 403, "New accounts cannot be made here")
CANNOT_MESSAGE = ProblemType("cannot-message", 403, "This person cannot be messaged")
NOT_FOUND = ProblemType("not-found", 404, "It is not there, or it is not yours")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "The method is not allowed here")
NOT_ACCEPTABLE = ProblemType("not-acceptable", 406, "No acceptable form of the answer exists")
CONFLICT = ProblemType("conflict", 409, "It conflicts with what is there")
USERNAME_TAKEN = ProblemType("username-taken", 409, "The user name is taken")
EMAIL_TAKEN = ProblemType("email-taken", 409, "The e-mail address is taken")
ID_REUSED = ProblemType("client-id-reused", 409, "The client's id was used for something else")
TOO_LARGE = ProblemType("too-large", 413, "The request is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemType("unsupported-media-type", 415, "The media type is not supported")
RANGE_NOT_SATISFIABLE = ProblemType("range-not-satisfiable", 416, "The range lies outside of what there is")
INVALID_FIELDS = ProblemType("invalid-fields", 422, "Some fields are not valid")
TOO_MANY_REQUESTS = ProblemType("too-many-requests", 429, "Too many requests; try again later")
HEADERS_TOO_LARGE = ProblemType("headers-too-large", 431, "The request's headers are too large")
INTERNAL = ProblemType("internal", 500, "Something went wrong here")
BAD_GATEWAY = ProblemType("bad-gateway", 502, "The service gave no usable answer")
UNAVAILABLE = ProblemType("unavailable", 503, "The service cannot answer right now; try again")
TIMEOUT = ProblemType("timeout", 504, "The service did not answer in time")

ALL: Final[tuple[ProblemType, ...]] = tuple(value for value in list(vars().values()) if isinstance(value, ProblemType))
BY_STATUS: Final[dict[int, ProblemType]] = {
    problem.status: problem
    for problem in reversed(ALL)
    if problem not in (INVALID_CREDENTIALS, TOTP_REQUIRED, SIGN_UP_CLOSED, CANNOT_MESSAGE, USERNAME_TAKEN, EMAIL_TAKEN)
}
"""The general problem of each status, for errors that say no more than their status."""
