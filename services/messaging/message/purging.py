"""What becomes of a person who has deleted their account: page by page, each a transaction (`kernel/purging.py`).

They leave their groups, their side of direct conversations ends, their name goes everywhere. Their messages become
tombstones, or stay without a name, as they chose. Each page does the first kind of work of which there is any, so that
what comes to light later, such as a membership, is found as well.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from messaging_wire.conversation import Role
from messaging_wire.events import MemberChange
from messaging_wire.ids import ConversationId, SessionId, UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.clock import Clock
from messaging.kernel.outbox import Outbox
from messaging.kernel.purging import NOBODY, Job, Page
from messaging.kernel.tokens import Caller
from messaging.message.delivery import Delivery
from messaging.message.naming import without_name
from messaging.message.news import ChangedConversation
from messaging.message.service.change import Change
from messaging.message.service.conversations import delete_conversation
from messaging.message.service.membership import take_out
from messaging.message.service.messages import erase
from messaging.message.service.revision import tell_revised, updated_event
from messaging.message.store import conversations, leaving, members, messages, names, people, pins, reactions
from messaging.message.tables import HASH_BYTES, ConversationRow, MemberRow, MessageRow

Alter = Callable[[MessageRow, bool], bool]
"""Changes a message that is held; told whether anybody reads its conversation still, tells whether they see it."""


class PersonPurge:
    """One replica's way to take a person away."""

    def __init__(self, outbox: Outbox, delivery: Delivery, clock: Clock) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._clock = clock

    async def page(self, session: AsyncSession, job: Job) -> Page:
        """Do a bounded part, and tell open sockets and other services of it."""
        change = Change(session, _nobody(job.user_id, self._clock.now()), self._clock.now())
        more = await self._do_some(change, job)
        await session.flush()
        await self._outbox.add(session, change.events)
        return Page(more, committed=lambda: self._delivery.publish(change.news))

    async def _do_some(self, change: Change, job: Job) -> bool:
        if "name" not in job.notes:
            job.notes["name"] = await people.make_nobody(change.session, job.user_id)
            return True
        return (
            await _leave_one(change)
            or await _take_own(change, job)
            or await _take_names(change, job)
            or await _take_reactions(change)
            or await leaving.remove_rest(change.session, job.user_id)
        )


async def _leave_one(change: Change) -> bool:
    """End one membership; tell whether there was one."""
    session, me = change.session, change.caller.user_id
    conversation_id = await leaving.one_membership(session, me)
    if conversation_id is None:
        return False
    row = (await conversations.lock(session, [conversation_id])).get(conversation_id)
    member = (await members.lock(session, [(conversation_id, me)])).get((conversation_id, me))
    if member is None:
        return True
    if row is None:
        await session.delete(member)  # of a conversation that is being cleared away
        return True
    await _unpin(change, row)
    await leaving.withdraw_invitations(session, row.id, me)
    if row.kind == "group":
        await take_out(change, row, member, by=member)
    else:
        await _end_direct(change, row, member)
    return True


async def _unpin(change: Change, row: ConversationRow) -> None:
    """Take away what the person has pinned in a locked conversation."""
    ids = await leaving.pinned_by(change.session, row.id, change.caller.user_id)
    if not ids:
        return

    def unpin(message: MessageRow, _is_read: bool) -> bool:
        message.pinned = False
        return True

    await pins.remove(change.session, row.id, ids)
    await _alter(change, await leaving.places_of(change.session, ids), unpin)


async def _end_direct(change: Change, row: ConversationRow, member: MemberRow) -> None:
    """End the person's side of a direct conversation; the other's stays readable."""
    await change.session.delete(member)
    await change.session.flush()
    row.member_count -= 1
    if row.member_count == 0:
        delete_conversation(change, row)
        return
    gone: Role | None = None
    change.change_members(row, [MemberChange(user_id=member.user_id, role=gone)], left=[member.user_id])
    change.news.append(ChangedConversation(conversation_id=ConversationId(row.id), reason="changed"))


async def _take_own(change: Change, job: Job) -> bool:
    """Treat a portion of the person's own messages; tell whether there were any behind those that were treated."""
    last = job.notes.get("last_sent")
    found = await leaving.sent_after(change.session, job.user_id, UUID(last) if last else None)
    if not found:
        return False
    job.notes["last_sent"] = str(found[-1][1])
    name = str(job.notes["name"])
    erased: dict[UUID, list[MessageRow]] = defaultdict(list)
    kept: list[UUID] = []

    def treat(message: MessageRow, is_read: bool) -> bool:
        if message.kind == "system":
            return _rename(message, name)
        if job.keeps_messages and is_read:
            kept.append(message.id)
            return False
        message.content_hash = bytes(HASH_BYTES)  # no repeat can come any more
        if message.deleted_at is not None:
            return False
        erased[message.conversation_id].append(message)
        return True

    revised = await _hold(change, [place for place, _ in found], treat)
    for rows in erased.values():
        await erase(change.session, rows, change.now)
    await messages.forget_versions(change.session, kept)
    await tell_revised(change, revised)
    change.events += [updated_event(row) for _, row in revised if row.kind == "text"]
    return True


async def _take_names(change: Change, job: Job) -> bool:
    """Take the person's name out of a portion of what others did to them; tell whether there was any."""
    ids = await names.of_person(change.session, job.user_id)
    if not ids:
        return False
    name = str(job.notes["name"])
    await _alter(change, await leaving.places_of(change.session, ids), lambda message, _: _rename(message, name))
    await names.forget_person(change.session, job.user_id, ids)
    return True


async def _take_reactions(change: Change) -> bool:
    """Take a portion of the person's reactions away; tell whether there was any."""
    session = change.session
    found = await reactions.of_person(session, change.caller.user_id, leaving.AT_ONCE)
    if not found:
        return False
    of_message: dict[UUID, list[str]] = defaultdict(list)
    for reaction in found:
        of_message[reaction.message_id].append(reaction.emoji)
    held = await _hold(change, await leaving.places_of(session, of_message), lambda _message, _: True)
    for _, message in held:
        for emoji in of_message.pop(message.id):
            mine = await reactions.find(session, message.id, emoji, change.caller.user_id)
            if mine is not None:
                message.reacted = await reactions.remove(session, mine)
    await reactions.forget(session, list(of_message))  # of messages that are not there any more
    await tell_revised(change, held)
    return True


async def _alter(change: Change, places: Sequence[leaving.Place], alter: Alter) -> None:
    await tell_revised(change, await _hold(change, places, alter))


async def _hold(
    change: Change, places: Iterable[leaving.Place], alter: Alter
) -> list[tuple[ConversationRow, MessageRow]]:
    """Lock messages behind their conversations and alter them; return those whose readers are to be told.

    Nobody reads a deleted conversation any more, so what is altered there is told to nobody.
    """
    wanted = list(places)
    held = await leaving.lock_conversations(change.session, {place[0] for place in wanted})
    read = {key: row for key, row in held.items() if row.deleted_at is None}
    rows = await leaving.lock_messages(change.session, wanted) if wanted else []
    altered = [row for row in rows if alter(row, row.conversation_id in read)]
    return [(read[row.conversation_id], row) for row in altered if row.conversation_id in read]


def _rename(message: MessageRow, name: str) -> bool:
    content = without_name(message.content, name) if name else message.content
    changed, message.content = content != message.content, content
    return changed


def _nobody(user_id: UUID, now: datetime) -> Caller:
    """Who acts: the person themselves, without a name."""
    return Caller(
        user_id=UserId(user_id),
        session_id=SessionId(UUID(int=0)),
        username=NOBODY,
        roles=frozenset(),
        issued_at=now,
        expires_at=now,
    )
