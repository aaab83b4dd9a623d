"""Errors are sentences with an exit code, and never show a secret."""

import pytest
from messaging_client.cli.failures import ExitCode, exit_code, sentence
from messaging_client.errors import (
    ConflictError,
    ForbiddenError,
    InvalidCredentialsError,
    InvalidRequestError,
    InvalidTokenError,
    NotFoundError,
    ProblemError,
    SessionEndedError,
    TooManyRequestsError,
    UnavailableError,
    UnreachableError,
    problem_error,
)
from messaging_wire import problems
from messaging_wire.auth import SignUpRequest
from messaging_wire.problems import FieldProblem, Problem, ProblemType
from pydantic import ValidationError


def problem(kind: ProblemType, detail: str = "") -> Problem:
    return Problem(type=kind.urn, title=kind.title, status=kind.status, detail=detail)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (problems.BAD_REQUEST, InvalidRequestError),
        (problems.INVALID_TOKEN, InvalidTokenError),
        (problems.INVALID_CREDENTIALS, InvalidCredentialsError),
        (problems.TOTP_REQUIRED, InvalidCredentialsError),
        (problems.FORBIDDEN, ForbiddenError),
        (problems.NOT_FOUND, NotFoundError),
        (problems.USERNAME_TAKEN, ConflictError),
        (problems.TOO_LARGE, InvalidRequestError),
        (problems.INVALID_FIELDS, InvalidRequestError),
        (problems.TOO_MANY_REQUESTS, TooManyRequestsError),
        (problems.UNAVAILABLE, UnavailableError),
        (problems.BAD_GATEWAY, UnavailableError),
    ],
)
def test_every_problem_is_one_error_of_the_tree(kind: ProblemType, error: type[ProblemError]) -> None:
    assert type(problem_error(problem(kind))) is error


def test_a_sentence_names_the_fields_that_are_wrong() -> None:
    found = Problem(
        type=problems.INVALID_FIELDS.urn,
        title="t",
        status=422,
        errors=[FieldProblem(field="title", message="is too long")],
    )

    assert sentence(problem_error(found)) == "title: is too long"


def test_a_typed_secret_never_stands_in_a_sentence() -> None:
    with pytest.raises(ValidationError) as caught:
        SignUpRequest.model_validate({"username": "ada", "email": "no address", "password": "s3cret"})

    told = sentence(caught.value)
    assert "email" in told
    assert "password" in told
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SessionEndedError("x"), ExitCode.NOT_SIGNED_IN),
        (UnreachableError("x"), ExitCode.UNREACHABLE),
        (problem_error(problem(problems.UNAVAILABLE)), ExitCode.UNREACHABLE),
        (problem_error(problem(problems.NOT_FOUND)), ExitCode.REFUSED),
    ],
)
def test_exit_codes_tell_scripts_what_to_do(error: Exception, code: ExitCode) -> None:
    assert exit_code(error) is code
