"""Commands about conversations: list, make, join, read back, send."""

import sys
from typing import Annotated
from uuid import uuid4

import typer
from messaging_wire.conversation import Conversation, ConversationCreate
from messaging_wire.message import Message, SendRequest

from messaging_client.cli import render
from messaging_client.cli.choosing import Reference, find
from messaging_client.cli.context import Context
from messaging_client.cli.failures import run
from messaging_client.cli.insisting import insist
from messaging_client.cli.people import People
from messaging_client.net.rest import PAGE_LIMIT, Rest


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("conversations")(list_conversations)
    app.command("create")(create)
    app.command("join")(join)
    app.command("history")(history)
    app.command("send")(send)


def list_conversations(context: typer.Context) -> None:
    """List your conversations, latest activity first."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            for conversation in await rest.conversations():
                typer.echo(render.conversation_line(conversation))

    run(work())


def create(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="The group's title.", show_default=False)],
    description: Annotated[str | None, typer.Option(help="What it is about.")] = None,
) -> None:
    """Make a group conversation and print the code by which others join it."""

    async def work() -> None:
        fields = {"title": title, "client_id": uuid4()} | ({"description": description} if description else {})
        settings: Context = context.obj
        async with settings.rest() as rest:
            request = ConversationCreate.model_validate(fields)
            conversation = await insist(lambda: rest.create(request))
        typer.echo(f"Made {render.title(conversation)} ({conversation.id}).")
        typer.echo(f"Others join by: messaging-client join {conversation.join_code}")

    run(work())


def join(
    context: typer.Context,
    join_code: Annotated[
        str, typer.Argument(help="The code, in any case, with or without dashes.", show_default=False)
    ],
) -> None:
    """Join a group conversation by its code."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            conversation = await rest.join(join_code)
        typer.echo(f"Joined {render.title(conversation)} ({conversation.id}).")

    run(work())


def history(
    context: typer.Context,
    reference: Reference,
    limit: Annotated[int, typer.Option(help="How many of the latest messages.", min=1)] = 20,
) -> None:
    """Print the latest messages of a conversation."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            people = People(rest)
            messages = await latest(rest, await find(rest, reference), limit)
            await people.meet(message.sender_id for message in messages)
            for message in messages:
                typer.echo(render.message_line(message, people.names))

    run(work())


def send(
    context: typer.Context,
    reference: Reference,
    text: Annotated[
        str | None, typer.Argument(help="The message; without it, every line of standard input is one.")
    ] = None,
) -> None:
    """Send a message, or every line of standard input; ends well only when the platform has stored all of it."""

    async def work() -> None:
        settings: Context = context.obj
        async with settings.rest() as rest:
            conversation = await find(rest, reference)
            for line in [text] if text is not None else map(_line, sys.stdin):
                if line:
                    await _send(rest, conversation, line)

    run(work())


async def latest(rest: Rest, conversation: Conversation, limit: int) -> list[Message]:
    """The latest messages in ascending order, page by page."""
    messages: list[Message] = []
    before: int | None = None
    while len(messages) < limit:
        page = await rest.messages(conversation.id, before_seq=before, limit=min(PAGE_LIMIT, limit - len(messages)))
        messages = page.items + messages
        if not page.more or not page.items:
            break
        before = page.items[0].seq
    return messages


async def _send(rest: Rest, conversation: Conversation, text: str) -> None:
    request = SendRequest.model_validate(
        {"conversation_id": conversation.id, "client_message_id": uuid4(), "content": text}
    )
    message = await insist(lambda: rest.send(request))
    typer.echo(f"#{message.seq} stored")


def _line(text: str) -> str:
    return text.rstrip("\r\n")
