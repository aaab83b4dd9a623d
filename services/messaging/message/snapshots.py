"""Snapshots of memberships and latest messages, for a consumer that was restored (`messaging message republish`)."""

from messaging_wire.events import Event, MemberChange, MembershipChanged
from messaging_wire.ids import ConversationId, UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.outbox import Outbox
from messaging.message.service.levels import level_event
from messaging.message.service.sending import created_event
from messaging.message.store import conversations, members, messages, people
from messaging.message.tables import ConversationRow

PAGE = 100
MEMBERS_PAGE = 1000
LATEST = 50
"""How many of each conversation's latest messages are told again; a consumer keeps what its readers have not read."""


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put a snapshot of every conversation on the outbox; return how many events that makes."""
    count, last = 0, None
    while page := await conversations.after(session, last, PAGE):
        for row in page:
            events = [*await _memberships(session, row), *await _latest(session, row)]
            await outbox.add(session, events)
            count += len(events)
        last = page[-1].id
    return count


async def _memberships(session: AsyncSession, row: ConversationRow) -> list[Event]:
    """All members in one event, and an event for each who does not want to be told of everything."""
    changes: list[MemberChange] = []
    levels: list[Event] = []
    after = None
    while page := await members.page(session, row.id, limit=MEMBERS_PAGE, after=after):
        known = await people.find(session, [member.user_id for member in page])
        for member in page:
            person = known.get(member.user_id)
            changes.append(
                MemberChange(
                    user_id=UserId(member.user_id),
                    role=member.role,
                    username=person.username if person is not None else "",
                    read_seq=member.read_seq,
                )
            )
        levels += [level_event(member) for member in page if member.level != "all" or member.muted_until is not None]
        after = page[-1].user_id
    snapshot = MembershipChanged(
        version=row.member_version,
        conversation_id=ConversationId(row.id),
        kind=row.kind,
        title=row.title,
        changes=changes,
        complete=True,
    )
    return [snapshot, *levels]


async def _latest(session: AsyncSession, row: ConversationRow) -> list[Event]:
    rows = await messages.before_seq(session, row.id, row.last_seq + 1, LATEST)
    known = await people.find(session, {message.sender_id for message in rows})
    return [
        created_event(message, row, known[message.sender_id].username if message.sender_id in known else "")
        for message in rows
        if message.deleted_at is None
    ]
