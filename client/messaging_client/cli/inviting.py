"""Commands about who comes into a group, and about what one wants to be told of there."""

from typing import Annotated

import typer
from messaging_wire.conversation import Invitation, Level, LevelUpdate, SentInvitation

from messaging_client.cli import render
from messaging_client.cli.choosing import Reference, find
from messaging_client.cli.context import Context
from messaging_client.cli.failures import UsageError, run
from messaging_client.net.rest import Rest

Group = Annotated[
    str, typer.Argument(metavar="GROUP", help="The group's id, its title or its beginning.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("add")(add)
    app.command("invitations")(list_invitations)
    app.command("accept")(accept)
    app.command("decline")(decline)
    app.command("level")(set_level)


def add(
    context: typer.Context,
    reference: Reference,
    username: Annotated[str, typer.Argument(help="Whom to bring in.", show_default=False)],
) -> None:
    """Bring somebody into a group of yours: a contact comes in at once, anybody else is asked first."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            conversation = await find(rest, reference)
            person = await rest.profile_of(username.removeprefix("@"))
            added = await rest.add(conversation.id, person.id)
        if isinstance(added, SentInvitation):
            typer.echo(f"Invited {render.name(person.username)} into {render.title(conversation)}.")
        else:
            typer.echo(f"{render.name(person.username)} is in {render.title(conversation)} now.")

    run(work())


def list_invitations(context: typer.Context) -> None:
    """List the groups that you are invited into, the latest first."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            for invitation in await rest.invitations():
                typer.echo(render.invitation_line(invitation))

    run(work())


def accept(context: typer.Context, group: Group) -> None:
    """Come into a group that you are invited into."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            conversation = await rest.accept((await _invitation(rest, group)).conversation_id)
        typer.echo(f"Joined {render.title(conversation)} ({conversation.id}).")

    run(work())


def decline(context: typer.Context, group: Group) -> None:
    """Decline an invitation; nobody is told."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            invitation = await _invitation(rest, group)
            await rest.decline(invitation.conversation_id)
        typer.echo(f"Declined {render.name(invitation.title)}.")

    run(work())


def set_level(
    context: typer.Context,
    reference: Reference,
    level: Annotated[Level, typer.Argument(help="What to be told of there.", show_default=False)],
) -> None:
    """Choose what you are told of in a conversation: all, mentions or none."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            conversation = await find(rest, reference)
            me = await rest.set_level(conversation.id, LevelUpdate(level=level))
        typer.echo(f"{render.title(conversation)}: {me.level}")

    run(work())


async def _invitation(rest: Rest, group: str) -> Invitation:
    """Return the one invitation that `group` names.

    Raises:
        UsageError: none or several fit; the sentence lists those that do.
    """
    wanted = group.casefold()
    invitations = await rest.invitations()
    for fits in (str.__eq__, str.startswith):
        found = [one for one in invitations if any(fits(name, wanted) for name in _names(one))]
        if len(found) == 1:
            return found[0]
        if found:
            lines = "\n".join(f"  {render.invitation_line(one)}" for one in found)
            raise UsageError(f"several groups are called {group!r}; name one by its id:\n{lines}")
    raise UsageError(f"you are not invited into {group!r}; `messaging-client invitations` lists where you are")


def _names(invitation: Invitation) -> tuple[str, str]:
    return str(invitation.conversation_id), render.name(invitation.title).casefold()
