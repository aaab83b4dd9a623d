"""Making conversations: groups with their first members and invitations, and the one direct conversation of a pair."""

from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.conversation import Conversation, ConversationCreate, Role
from messaging_wire.events import MemberChange
from messaging_wire.ids import ConversationId, UserId
from sqlalchemy.exc import IntegrityError

from messaging.kernel.errors import ProblemError
from messaging.kernel.ids import new_id
from messaging.kernel.tokens import Caller
from messaging.message.codes import new_code
from messaging.message.presentation import present_conversation
from messaging.message.service.admission import Admission, new_member, require_known
from messaging.message.service.change import Change, Changer
from messaging.message.store import conversations, invitations, relations
from messaging.message.tables import ConversationRow, PersonRow


class CreationService:
    """Makes conversations."""

    def __init__(self, changer: Changer, admission: Admission) -> None:
        self._changer = changer
        self._admission = admission

    async def create(self, caller: Caller, request: ConversationCreate) -> tuple[Conversation, bool]:
        """Make a conversation; False beside it says that it was there: a repeated `client_id`, or the pair's own.

        Raises:
            ProblemError: 404 for an unknown person; 403 `cannot-message`; 409 where a repeat's conversation is gone,
                or for too many people or invitations; 429 for too many invitations by the caller.
        """
        known = await self._find_made(caller, request)
        if known is not None:
            return known, False
        make = self._make_group if request.kind == "group" else self._make_direct
        try:
            async with self._changer.change(caller) as change:
                view = await make(change, request)
        except IntegrityError:
            known = await self._find_made(caller, request)  # the same was made at the same time
            if known is None:
                raise
            return known, False
        return view, True

    async def _find_made(self, caller: Caller, request: ConversationCreate) -> Conversation | None:
        async with self._changer.database.reading() as session:
            row = None
            if request.client_id is not None:
                row = await conversations.by_client_id(session, caller.user_id, request.client_id)
            if row is None and request.kind == "direct":
                row = await conversations.by_direct_key(session, direct_key(caller.user_id, request.member_ids[0]))
            if row is None:
                return None
            found = await conversations.seen(session, caller.user_id, [row.id])
            if not found:
                raise ProblemError(problems.CONFLICT, "it was made under this client_id and is gone")
            view = await present_conversation(session, found[0])
        if found[0].member.hidden_seq is not None:
            await self._show_again(caller, row.id)
        return view

    async def _show_again(self, caller: Caller, conversation_id: UUID) -> None:
        async with self._changer.change(caller) as change:
            place = await change.lock(conversation_id)
            place.member.hidden_seq = None

    async def _make_direct(self, change: Change, request: ConversationCreate) -> Conversation:
        caller_id, other = change.caller.user_id, request.member_ids[0]
        users = [caller_id] if other == caller_id else [caller_id, other]
        known = await require_known(change, users)
        if not await relations.may_message(change.session, caller_id, other):
            raise ProblemError(problems.CANNOT_MESSAGE)
        row = new_conversation(caller_id, request, change.now, member_count=len(users))
        return await _begin(change, row, dict.fromkeys(users, "member"), known)

    async def _make_group(self, change: Change, request: ConversationCreate) -> Conversation:
        caller_id = change.caller.user_id
        others = list(dict.fromkeys(user for user in request.member_ids if user != caller_id))
        known = await require_known(change, [caller_id, *others])
        welcome = await invitations.welcoming(change.session, caller_id, others)
        roles: dict[UserId, Role] = {caller_id: "owner"}
        roles |= {user: "member" for user in others if user in welcome}
        self._admission.require_room(len(roles))
        row = new_conversation(caller_id, request, change.now, member_count=len(roles))
        view = await _begin(change, row, roles, known)
        await self._admission.invite(change, row, [user for user in others if user not in welcome])
        return view


async def _begin(
    change: Change, row: ConversationRow, roles: dict[UserId, Role], known: dict[UUID, PersonRow]
) -> Conversation:
    """Store a new conversation with its first members, tell them, and show it to the caller."""
    change.session.add(row)
    for user, role in roles.items():
        member = new_member(row, user, role, change.now, sends_receipts=known[user].sends_receipts)
        change.session.add(member)
    await change.session.flush()
    change.change_members(
        row,
        [MemberChange(user_id=user, role=role, username=known[user].username) for user, role in roles.items()],
        joined=list(roles),
        complete=True,
    )
    views = await change.views(list(roles), row.id)
    change.tell_joined(views)
    return views[change.caller.user_id]


def new_conversation(
    creator_id: UserId, request: ConversationCreate, now: datetime, *, member_count: int
) -> ConversationRow:
    """The row of a new conversation; its first `membership.changed` makes `member_version` 1."""
    is_group = request.kind == "group"
    return ConversationRow(
        id=ConversationId(new_id()),
        kind=request.kind,
        title=request.title,
        description=request.description,
        owner_id=creator_id if is_group else None,
        creator_id=creator_id,
        client_id=request.client_id,
        direct_key=None if is_group else direct_key(creator_id, request.member_ids[0]),
        join_code=new_code() if is_group else None,
        member_count=member_count,
        member_version=0,
        created_at=now,
        last_activity_at=now,
    )


def direct_key(one: UUID, other: UUID) -> bytes:
    """The key of a pair, whoever begins."""
    return b"".join(sorted((one.bytes, other.bytes)))
