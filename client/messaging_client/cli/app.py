"""The program `messaging-client`: the options that stand before a command, and its commands."""

from pathlib import Path
from typing import Annotated

import typer

from messaging_client.cli import accounts, conversing, inviting, leaving, tail
from messaging_client.cli.context import Context
from messaging_client.cli.profile import DEFAULT_SERVER, default_folder

app = typer.Typer(
    name="messaging-client",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Chat from a terminal. Exit codes: 0 done, 1 refused, 2 wrong use, 3 no answer, 4 not signed in.",
)
for _module in (accounts, leaving, conversing, inviting, tail):
    _module.register(app)


@app.callback()
def options(
    context: typer.Context,
    profile: Annotated[
        Path | None,
        typer.Option(
            envvar="MESSAGING_PROFILE",
            help="The folder of this person's profile, so that several people can use one machine.",
            show_default=str(default_folder()),
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            envvar="MESSAGING_SERVER",
            help="The platform's address; remembered at sign-up and log-in.",
            show_default=DEFAULT_SERVER,
        ),
    ] = None,
) -> None:
    """Keep what stands before the command for the command."""
    context.obj = Context(folder=profile or default_folder(), server=server)


def main() -> None:
    """Where the program begins."""
    app()
