"""Who is in a conversation: joining by code, roles, leaving, removing, and who follows an owner."""

from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.conversation import Conversation, Member, Receipt, Role
from messaging_wire.events import MemberChange
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.problems import FieldProblem

from messaging.kernel.errors import ProblemError
from messaging.kernel.paging import decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.codes import fold_code
from messaging.message.naming import named
from messaging.message.news import ChangedConversation
from messaging.message.service.admission import Admission
from messaging.message.service.change import Change, Changer, Place
from messaging.message.service.conversations import delete_conversation
from messaging.message.service.guesses import Guesses
from messaging.message.store import conversations, members, people
from messaging.message.tables import ConversationRow, MemberRow
from messaging.message.views import member_view, receipt_view


class MembershipService:
    """What can be done with members."""

    def __init__(self, changer: Changer, admission: Admission, guesses: Guesses) -> None:
        self._changer = changer
        self._admission = admission
        self._guesses = guesses

    async def join(self, caller: Caller, join_code: str) -> Conversation:
        """Come in by a join code; a member already changes nothing.

        Raises:
            ProblemError: 404 for a wrong code, 429 after too many of them, 409 where the group is full.
        """
        code = fold_code(join_code)
        async with self._changer.change(caller) as change:
            await self._guesses.check(change.session, caller.user_id, change.now)
            row = await conversations.lock_by_code(change.session, code) if code is not None else None
            if row is not None:
                await self._enter(change, row)
                return await change.view(caller.user_id, row.id)
            await self._guesses.note_wrong(change.session, caller.user_id, change.now)
        raise ProblemError(problems.NOT_FOUND, "no conversation has this join code")

    async def _enter(self, change: Change, row: ConversationRow) -> None:
        """Bring the caller in, unless they are in already."""
        me = change.caller.user_id
        if (row.id, me) not in await members.lock(change.session, [(row.id, me)]):
            person = (await people.find(change.session, [me]))[me]
            await self._admission.enter(change, row, person)

    async def page(self, caller: Caller, conversation_id: UUID, *, limit: int, cursor: str | None) -> Page[Member]:
        """The members, in the order of their ids.

        Raises:
            ProblemError: 404; 422 for a cursor of something else.
        """
        rows, next_cursor = await self._rows(caller, conversation_id, limit=limit, cursor=cursor)
        return Page[Member](items=[member_view(row) for row in rows], next_cursor=next_cursor)

    async def _rows(
        self, caller: Caller, conversation_id: UUID, *, limit: int, cursor: str | None
    ) -> tuple[list[MemberRow], str | None]:
        """A page of members and the cursor of the next one.

        Raises:
            ProblemError: as `page`.
        """
        after = _decode(cursor) if cursor is not None else None
        async with self._changer.database.reading() as session:
            if await members.find(session, conversation_id, caller.user_id) is None:
                raise ProblemError(problems.NOT_FOUND)
            rows = await members.page(session, conversation_id, limit=limit + 1, after=after)
        more = len(rows) > limit
        return rows[:limit], encode_cursor([str(rows[limit - 1].user_id)]) if more else None

    async def receipts(self, caller: Caller, conversation_id: UUID, *, limit: int, cursor: str | None) -> Page[Receipt]:
        """How far the members have come who send receipts, in the order of their ids.

        Raises:
            ProblemError: as `page`.
        """
        rows, next_cursor = await self._rows(caller, conversation_id, limit=limit, cursor=cursor)
        return Page[Receipt](items=[receipt_view(row) for row in rows if row.sends_receipts], next_cursor=next_cursor)

    async def set_role(self, caller: Caller, conversation_id: UUID, user_id: UUID, role: Role) -> Member:
        """Make somebody admin, member, or, handing over, owner; by the owner.

        Raises:
            ProblemError: 404; 403 for who is not the owner; 409 for the owner's own role, or a direct conversation.
        """
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.require_group()
            place.require_role("owner")
            target = await change.lock_member(place.conversation, user_id)
            if target.role == role:
                return member_view(target)
            if user_id == caller.user_id:
                raise ProblemError(problems.CONFLICT, "the owner hands over by making somebody else owner")
            await self._give_role(change, place, target, role)
            return member_view(target)

    async def _give_role(self, change: Change, place: Place, target: MemberRow, role: Role) -> None:
        row, me = place.conversation, place.member
        username = await _name(change, target.user_id)
        target.role = role
        changes = [MemberChange(user_id=UserId(target.user_id), role=role, username=username, read_seq=target.read_seq)]
        if role == "owner":
            me.role, row.owner_id = "admin", target.user_id
            former = MemberChange(user_id=change.caller.user_id, role="admin", username=change.caller.username)
            changes.append(former.model_copy(update={"read_seq": me.read_seq}))
        change.change_members(row, changes)
        said = change.say(row, f"{change.caller.username} made {username} {_a(role)}", reader=me)
        change.session.add(named(said, target.user_id))
        change.news.append(ChangedConversation(conversation_id=ConversationId(row.id), reason="changed"))

    async def remove(self, caller: Caller, conversation_id: UUID, user_id: UUID) -> None:
        """Leave, or remove somebody: the owner anybody, an admin members.

        Raises:
            ProblemError: 404; 403; 409 for a direct conversation.
        """
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.require_group()
            target = place.member
            if user_id != caller.user_id:
                place.require_role("owner", "admin")
                target = await change.lock_member(place.conversation, user_id)
                if target.role == "owner" or (target.role == "admin" and place.member.role != "owner"):
                    raise ProblemError(problems.FORBIDDEN, f"may not remove {_a(target.role)}")
            await take_out(change, place.conversation, target, by=place.member)


async def take_out(change: Change, row: ConversationRow, target: MemberRow, *, by: MemberRow) -> None:
    """End somebody's membership of a locked group; `by` is who did it, and is the same where they leave.

    An owner is followed by somebody else; the last one out deletes the group.
    """
    view = (await change.view(target.user_id, row.id)).model_copy(update={"join_code": None})
    username = await _name(change, target.user_id)
    await change.session.delete(target)
    await change.session.flush()
    row.member_count -= 1
    changes = [MemberChange(user_id=UserId(target.user_id), username=username)]
    if row.member_count == 0:
        delete_conversation(change, row)
        change.tell_one("left", target.user_id, view)
        return
    heir = await _successor(change, row) if row.owner_id == target.user_id else None
    if heir is not None:
        changes.append(heir)
    change.change_members(row, changes, left=[target.user_id])
    change.tell_one("left", target.user_id, view)
    if target.user_id == by.user_id:
        change.say(row, f"{change.caller.username} left")
    else:
        said = change.say(row, f"{change.caller.username} removed {username}", reader=by)
        change.session.add(named(said, target.user_id))
    if heir is not None:
        said = change.say(row, f"{heir.username} is the owner now")
        change.session.add(named(said, heir.user_id))
        change.news.append(ChangedConversation(conversation_id=ConversationId(row.id), reason="changed"))


async def _successor(change: Change, row: ConversationRow) -> MemberChange | None:
    heir = await members.successor(change.session, row.id)
    if heir is None:
        return None
    heir.role, row.owner_id = "owner", heir.user_id
    username = await _name(change, heir.user_id)
    return MemberChange(user_id=UserId(heir.user_id), role="owner", username=username, read_seq=heir.read_seq)


async def _name(change: Change, user_id: UUID) -> str:
    known = (await people.find(change.session, [user_id])).get(user_id)
    return known.username if known is not None else "somebody"


def _a(role: str) -> str:
    return {"owner": "the owner", "admin": "an admin", "member": "a member"}[role]


def _decode(cursor: str) -> UUID:
    (key,) = decode_cursor(cursor, str)
    try:
        return UUID(key)
    except ValueError:
        wrong = FieldProblem(field="cursor", message="is not a cursor of this list")
        raise ProblemError(problems.INVALID_FIELDS, errors=[wrong]) from None
