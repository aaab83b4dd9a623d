"""Prints a person's messages as they come: what `tail` does until it is ended."""

import asyncio
from datetime import timedelta

import typer
from messaging_wire.conversation import Conversation, ReceiptUpdate
from messaging_wire.ids import ConversationId
from messaging_wire.message import Message
from messaging_wire.realtime import InvitationMade

from messaging_client.cli import render
from messaging_client.cli.people import People
from messaging_client.errors import ProblemError, UnreachableError
from messaging_client.net.happenings import (
    Arrived,
    Changed,
    Connected,
    ConversationGone,
    ConversationJoined,
    Happening,
    HistoryReplaced,
    Interrupted,
)
from messaging_client.net.realtime import Realtime
from messaging_client.net.rest import Rest
from messaging_client.state.book import Book

MARK_EVERY = timedelta(seconds=1)


class Tail:
    """Prints happenings one after another; names are looked up before a line is printed."""

    def __init__(self, rest: Rest, *, only: Conversation | None, history: int, mark_read: bool) -> None:
        self._rest = rest
        self._only = only.id if only is not None else None
        self._history = history
        self._mark_read = mark_read
        self._people = People(rest)
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue()
        self._realtime = Realtime(
            rest.base_url, rest.session, self._happenings.put_nowait, book=Book(start_at=self._start)
        )
        self._titles: dict[ConversationId, str] = {}
        self._read: dict[ConversationId, int] = {}

    async def run(self) -> None:
        """Print until cancelled; raises SessionEndedError."""
        tasks = [
            asyncio.create_task(self._realtime.run()),
            asyncio.create_task(self._print_all()),
            asyncio.create_task(self._mark()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, conversation: Conversation) -> int:
        """Begin at what is unread, and before it with a little of what was read."""
        if self._only not in (None, conversation.id):
            return conversation.last_seq
        begin = min(conversation.me.read_seq, conversation.last_seq - self._history)
        return max(begin, conversation.first_seq - 1, 0)

    async def _print_all(self) -> None:
        while True:
            await self._print(await self._happenings.get())

    async def _print(self, happening: Happening) -> None:
        match happening:
            case Arrived(key, messages) if self._only in (None, key):
                await self._print_messages(key, messages)
                self._read[key] = messages[-1].seq
            case Changed(key, messages) if self._only in (None, key):
                await self._print_messages(key, messages)
            case ConversationJoined(conversation):
                self._titles[conversation.id] = render.title(conversation)
            case ConversationGone(key) if self._only in (None, key):
                self._say(f"you are no longer in {self._titles.get(key, key)}")
            case InvitationMade():
                await self._people.meet([happening.inviter_id])
                who = self._people.names.get(happening.inviter_id, str(happening.inviter_id))
                self._say(
                    f"{render.name(who)} invites you into {render.name(happening.title)}: messaging-client accept "
                    f"{happening.conversation_id}"
                )
            case Connected(again=True):
                self._say("connected again")
            case Interrupted(reason=reason, retry_in=wait):
                self._say(f"{reason}; trying again in {wait.total_seconds():.1f} s")
            case HistoryReplaced():
                self._say("the platform was restored from a backup; what follows is its history now")

    async def _print_messages(self, key: ConversationId, messages: tuple[Message, ...]) -> None:
        await self._people.meet(message.sender_id for message in messages)
        prefix = f"[{self._titles.get(key, key)}] " if self._only is None else ""
        for message in messages:
            typer.echo(prefix + render.message_line(message, self._people.names))

    async def _mark(self) -> None:
        """Tell how far one has come, at most once a second; a mark that does not get through is told with the next."""
        told: dict[ConversationId, int] = {}
        while True:
            await asyncio.sleep(MARK_EVERY.total_seconds())
            for key, seq in list(self._read.items()):
                if told.get(key) == seq:
                    continue
                update = {"read_seq": seq} if self._mark_read else {"delivered_seq": seq}
                try:
                    await self._rest.mark(key, ReceiptUpdate.model_validate(update))
                except (ProblemError, UnreachableError):
                    continue
                told[key] = seq

    @staticmethod
    def _say(line: str) -> None:
        typer.echo(f"-- {line}", err=True)
