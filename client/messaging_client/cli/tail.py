"""The command `tail`: prints messages as they come, through restarts of the platform, each once and in order."""

from typing import Annotated

import typer

from messaging_client.cli.choosing import find
from messaging_client.cli.context import Context
from messaging_client.cli.failures import run


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("tail")(tail)


def tail(
    context: typer.Context,
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[CONVERSATION]", help="An id, a title or @name; without it, all.", show_default=False),
    ] = None,
    history: Annotated[int, typer.Option(help="How many messages that you have read to begin with.", min=0)] = 10,
    mark_read: Annotated[bool, typer.Option(help="Tell the others that you have read what was printed.")] = True,
) -> None:
    """Print what is unread, then messages as they come, until Ctrl-C."""

    async def work() -> None:
        from messaging_client.cli.following import Tail  # brings the real-time libraries, which only `tail` needs

        settings: Context = context.obj
        async with settings.rest() as rest:
            only = await find(rest, reference) if reference is not None else None
            await Tail(rest, only=only, history=history, mark_read=mark_read).run()

    run(work())
