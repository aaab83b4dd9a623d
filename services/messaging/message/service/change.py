"""One change of a conversation: a transaction under its lock, its system messages, its events, and its news."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from messaging_wire import problems
from messaging_wire.conversation import Conversation, Role
from messaging_wire.events import Event, MemberChange, MembershipChanged
from messaging_wire.ids import ConversationId, UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.database import Database
from messaging.kernel.errors import ProblemError
from messaging.kernel.outbox import Outbox
from messaging.kernel.tokens import Caller
from messaging.message.delivery import Delivery
from messaging.message.news import MembersChanged, NewMessages, News, ToldConversation
from messaging.message.numbering import append_system
from messaging.message.presentation import present_conversation, present_to_each
from messaging.message.service.sending import created_event
from messaging.message.shown import Shown
from messaging.message.store import conversations, members, people
from messaging.message.store.conversations import Seen
from messaging.message.tables import ConversationRow, MemberRow, MessageRow
from messaging.message.views import message_view


@dataclass(frozen=True)
class Place:
    """A locked conversation and the acting member in it."""

    conversation: ConversationRow
    member: MemberRow

    def require_group(self) -> None:
        """Refuse what a direct conversation does not have.

        Raises:
            ProblemError: 409.
        """
        if self.conversation.kind == "direct":
            raise ProblemError(problems.CONFLICT, "a direct conversation has neither title, roles nor join code")

    def require_role(self, *roles: Role) -> None:
        """Refuse members of other roles.

        Raises:
            ProblemError: 403.
        """
        if self.member.role not in roles:
            raise ProblemError(problems.FORBIDDEN, f"needs the role {' or '.join(roles)}")

    def require_writer(self) -> None:
        """Refuse plain members where only the owner and admins write.

        Raises:
            ProblemError: 403.
        """
        if self.conversation.announcement_only and self.member.role == "member":
            raise ProblemError(problems.FORBIDDEN, "only the owner and admins write here")


@dataclass
class Change:
    """Collects what one transaction does."""

    session: AsyncSession
    caller: Caller
    now: datetime
    news: list[News] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def lock(self, conversation_id: UUID) -> Place:
        """Lock a conversation and the caller's membership.

        Raises:
            ProblemError: 404, it is not there or not the caller's.
        """
        found = await conversations.lock(self.session, [conversation_id])
        key = (conversation_id, self.caller.user_id)
        member = (await members.lock(self.session, [key])).get(key)
        if conversation_id not in found or member is None:
            raise ProblemError(problems.NOT_FOUND)
        return Place(found[conversation_id], member)

    async def lock_member(self, conversation: ConversationRow, user_id: UUID) -> MemberRow:
        """Lock another member of a locked conversation.

        Raises:
            ProblemError: 404.
        """
        key = (conversation.id, user_id)
        member = (await members.lock(self.session, [key])).get(key)
        if member is None:
            raise ProblemError(problems.NOT_FOUND)
        return member

    def say(self, conversation: ConversationRow, content: str, *, reader: MemberRow | None = None) -> MessageRow:
        """Put a system message into the numbering; `reader`, who did it, has read it."""
        row = append_system(conversation, actor_id=self.caller.user_id, content=content, now=self.now)
        self.session.add(row)
        if reader is not None:
            reader.read_seq = reader.delivered_seq = row.seq
        self.events.append(created_event(row, conversation, self.caller.username))
        self.news.append(
            NewMessages(
                ConversationId(conversation.id), conversation.member_version, [Shown.of(message_view(row, None))]
            )
        )
        return row

    def change_members(
        self,
        conversation: ConversationRow,
        changes: Sequence[MemberChange],
        *,
        joined: Sequence[UUID] = (),
        left: Sequence[UUID] = (),
        complete: bool = False,
    ) -> None:
        """Count up the membership's version and tell what changed; before `say`, which is under the new version."""
        conversation.member_version += 1
        self.events.append(
            MembershipChanged(
                version=conversation.member_version,
                conversation_id=ConversationId(conversation.id),
                kind=conversation.kind,
                title=conversation.title,
                changes=list(changes),
                complete=complete,
            )
        )
        self.news.append(
            MembersChanged(
                conversation_id=ConversationId(conversation.id),
                member_version=conversation.member_version,
                joined=[UserId(user) for user in joined],
                left=[UserId(user) for user in left],
            )
        )

    async def view(self, user_id: UUID, conversation_id: UUID) -> Conversation:
        """The conversation as one member sees it after what was done so far."""
        return await present_conversation(self.session, await self.seen(user_id, conversation_id))

    async def views(self, users: Sequence[UserId], conversation_id: UUID) -> dict[UserId, Conversation]:
        """The conversation as each of several members sees it after what was done so far."""
        await self.session.flush()
        return await present_to_each(self.session, conversation_id, users)

    async def seen(self, user_id: UUID, conversation_id: UUID) -> Seen:
        """The conversation, that member and its latest message after what was done so far.

        Raises:
            ProblemError: 404.
        """
        await self.session.flush()
        found = await conversations.seen(self.session, user_id, [conversation_id])
        if not found:
            raise ProblemError(problems.NOT_FOUND)
        return found[0]

    def tell_joined(self, views: dict[UserId, Conversation]) -> None:
        """Tell those who have come, ahead of the messages that they will hear."""
        self.news.insert(0, ToldConversation(reason="joined", views=views))

    def tell_one(self, reason: Literal["left", "changed", "deleted"], user_id: UUID, view: Conversation) -> None:
        """Tell one person, on all their devices, of what concerns them alone, by how they see or last saw it."""
        self.news.append(ToldConversation(reason=reason, views={UserId(user_id): view}))


@dataclass(frozen=True)
class Changer:
    """Makes changes."""

    database: Database
    outbox: Outbox
    delivery: Delivery
    clock: Clock

    @asynccontextmanager
    async def change(self, caller: Caller) -> AsyncIterator[Change]:
        """One transaction; its events are stored with it, its news told after the commit."""
        async with self.database.writing() as session:
            change = Change(session, caller, self.clock.now())
            await people.note(session, caller.user_id, caller.username)
            yield change
            await session.flush()
            await self.outbox.add(session, change.events)
        self.outbox.wake()
        self.delivery.publish(change.news)
