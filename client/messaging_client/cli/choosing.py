"""Finding the conversation that a person means: by id, by title, or by the other one's name."""

from typing import Annotated
from uuid import UUID

import typer
from messaging_wire.conversation import Conversation

from messaging_client.cli.failures import UsageError
from messaging_client.cli.render import conversation_line, title
from messaging_client.net.rest import Rest

Reference = Annotated[
    str, typer.Argument(metavar="CONVERSATION", help="An id, a title or its beginning, or @name.", show_default=False)
]
"""How a command is told which conversation."""


async def find(rest: Rest, reference: str) -> Conversation:
    """Return the one conversation that `reference` names.

    Raises:
        UsageError: none or several fit; the sentence lists those that do.
        NotFoundError: the id is of no conversation of mine.
    """
    try:
        conversation_id = UUID(reference)
    except ValueError:
        return choose(await rest.conversations(), reference)
    return await rest.conversation(conversation_id)


def choose(conversations: list[Conversation], reference: str) -> Conversation:
    """Choose by title or @name, without regard to case; a full title goes before the beginning of one."""
    wanted = reference.casefold()
    for fits in (str.__eq__, str.startswith):
        found = [item for item in conversations if fits(title(item).casefold(), wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            lines = "\n".join(f"  {conversation_line(item)}" for item in found)
            raise UsageError(f"several conversations are called {reference!r}; name one by its id:\n{lines}")
    raise UsageError(f"you are in no conversation called {reference!r}; `messaging-client conversations` lists yours")
