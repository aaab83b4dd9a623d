"""Commands about the end of one's account: delete it, and ask how far that is."""

from typing import Annotated

import typer
from messaging_wire.auth import AccountDelete, DeletionPart, KeptMessages

from messaging_client.cli.accounts import PasswordStdin, ask_password
from messaging_client.cli.context import Context
from messaging_client.cli.failures import run


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("delete-account")(delete_account)
    app.command("deletion")(show_deletion)


def delete_account(
    context: typer.Context,
    messages: Annotated[
        KeptMessages,
        typer.Option(help="Whether what you wrote goes with you, or stays without your name.", prompt=True),
    ],
    *,
    password_stdin: PasswordStdin = False,
) -> None:
    """Delete your account for good."""
    password = ask_password(password_stdin)

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            request = AccountDelete.model_validate({"password": password, "messages": messages})
            receipt = await rest.delete_account(request)
        typer.echo("Your account has ended. What is left of it is being removed; how far that is tells:")
        typer.echo(f"messaging-client deletion {receipt.receipt}")

    run(work())


def show_deletion(
    context: typer.Context,
    receipt: Annotated[str, typer.Argument(help="What delete-account printed.", show_default=False)],
) -> None:
    """Print how far the removal of a deleted account is."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            progress = await rest.deletion(receipt)
        typer.echo(f"Asked for at {progress.requested_at:%Y-%m-%d %H:%M} UTC.")
        for part in progress.services:
            typer.echo(_line(part))

    run(work())


def _line(part: DeletionPart) -> str:
    return f"{part.service:<14}{part.state}" + (f" {part.done_at:%H:%M:%S} UTC" if part.done_at is not None else "")
