"""Commands about oneself: sign up, log in, log out, who am I."""

import sys
from typing import Annotated

import typer
from messaging_wire.auth import LoginRequest, SignedIn, SignUpRequest

from messaging_client.cli.context import Context
from messaging_client.cli.failures import UsageError, run
from messaging_client.cli.profile import TokenPlace
from messaging_client.errors import ProblemError, SessionEndedError
from messaging_client.net.rest import Rest

Username = Annotated[str, typer.Argument(help="The user name.", show_default=False)]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
]
TokenFile = Annotated[
    bool,
    typer.Option(
        "--token-file",
        help="Keep tokens in the profile folder, in a file that only you can read, instead of the system's keyring.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("signup")(sign_up)
    app.command("login")(log_in)
    app.command("logout")(log_out)
    app.command("whoami")(who_am_i)


def sign_up(
    context: typer.Context,
    username: Username,
    *,
    email: Annotated[str, typer.Option(help="Your e-mail address.", prompt="E-mail address")],
    invitation: Annotated[str | None, typer.Option(help="The invitation, where sign-up needs one.")] = None,
    password_stdin: PasswordStdin = False,
    token_file: TokenFile = False,
) -> None:
    """Make an account and log in."""
    password = ask_password(password_stdin, confirm=True)

    async def work() -> None:
        settings: Context = context.obj
        fields = {"username": username, "email": email, "password": password}
        if invitation is not None:
            fields["invitation"] = invitation
        async with settings.rest(_place(token_file)) as rest:
            answer = await rest.sign_up(SignUpRequest.model_validate(fields))
        settings.remember(_place(token_file))
        _greet(answer, settings)

    run(work())


def log_in(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="The user name, or a verified e-mail address.", show_default=False)],
    totp_code: Annotated[str | None, typer.Option(help="A one-time or recovery code.")] = None,
    password_stdin: PasswordStdin = False,
    token_file: TokenFile = False,
) -> None:
    """Log in."""
    password = ask_password(password_stdin)

    async def work() -> None:
        settings: Context = context.obj
        fields = {"login": login, "password": password}
        if totp_code is not None:
            fields["totp_code"] = totp_code
        async with settings.rest(_place(token_file)) as rest:
            answer = await rest.log_in(LoginRequest.model_validate(fields))
        settings.remember(_place(token_file))
        _greet(answer, settings)

    run(work())


def log_out(context: typer.Context) -> None:
    """End this profile's session."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            await _end(rest)
        typer.echo("Logged out.")

    run(work())


def who_am_i(context: typer.Context) -> None:
    """Print the user name, the id and the server."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            profile = await rest.me()
            typer.echo(f"{profile.username} ({profile.id}) on {rest.base_url}")

    run(work())


async def _end(rest: Rest) -> None:
    try:
        await rest.log_out()
    except SessionEndedError:
        rest.session.end()
    except ProblemError as error:
        if error.problem.status != 401:
            raise
        rest.session.end()


def _greet(answer: SignedIn, settings: Context) -> None:
    server = settings.remembered().server
    if answer.tokens is None:
        typer.echo(f"Account {answer.user.username} on {server}: open the link in your mail, then log in.")
    else:
        typer.echo(f"Logged in as {answer.user.username} on {server}.")


def _place(token_file: bool) -> TokenPlace | None:
    return "file" if token_file else None


def ask_password(from_stdin: bool, *, confirm: bool = False) -> str:
    """Ask for the password without showing it; it never comes from the command line, which others can read."""
    if not from_stdin:
        answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
        return answer
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        run(_complain("standard input holds no password"))
    return password


async def _complain(what: str) -> None:
    raise UsageError(what)
