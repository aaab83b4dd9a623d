"""How the command line ends: every error as one clear sentence on standard error, with an exit code for scripts."""

import asyncio
from collections.abc import Coroutine
from enum import IntEnum

import typer
from pydantic import ValidationError

from messaging_client.errors import (
    BadAnswerError,
    ClientError,
    InvalidRequestError,
    NotSignedInError,
    ProblemError,
    SessionEndedError,
    TokenStorageError,
    UnavailableError,
    UnreachableError,
)


class ExitCode(IntEnum):
    """What each code means."""

    REFUSED = 1
    """The platform refused, or what was named is not there."""
    USAGE = 2
    """The command or its input is wrong."""
    UNREACHABLE = 3
    """No usable answer came; a repeat may help."""
    NOT_SIGNED_IN = 4
    """Sign up or log in first."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""


class UsageError(ClientError):
    """What was asked for cannot be understood; a sentence that says what would be."""


def run(work: Coroutine[object, object, None]) -> None:
    """Run a command's work to its end; ends the program with a sentence and a code when it fails."""
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except (ClientError, ValidationError, OSError) as error:
        typer.echo(f"messaging-client: {sentence(error)}", err=True)
        raise typer.Exit(exit_code(error)) from None


def exit_code(error: Exception) -> ExitCode:
    """Return the code that fits an error."""
    match error:
        case NotSignedInError() | SessionEndedError():
            return ExitCode.NOT_SIGNED_IN
        case UnreachableError() | UnavailableError() | BadAnswerError():
            return ExitCode.UNREACHABLE
        case ProblemError():
            return ExitCode.REFUSED
        case UsageError() | ValidationError() | TokenStorageError():
            return ExitCode.USAGE
        case _:
            return ExitCode.REFUSED


def sentence(error: Exception) -> str:
    """Tell an error to a person; never holds a secret that was typed."""
    match error:
        case ValidationError():
            return "; ".join(
                f"{'.'.join(str(part) for part in item['loc']) or 'input'}: {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            )
        case InvalidRequestError() if error.problem.errors:
            return "; ".join(f"{item.field}: {item.message}" for item in error.problem.errors)
        case ProblemError():
            return error.problem.detail or error.problem.title
        case _:
            return str(error)
