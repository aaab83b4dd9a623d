"""Adding people to a group, and the invitations of those who are asked first: answering, listing, withdrawing."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.base import Page
from messaging_wire.conversation import Conversation, Invitation, Member, SentInvitation
from messaging_wire.ids import UserId

from messaging.kernel.errors import ProblemError
from messaging.kernel.paging import bad_cursor, decode_cursor, encode_cursor
from messaging.kernel.tokens import Caller
from messaging.message.service.admission import Admission, require_known
from messaging.message.service.change import Change, Changer, Place
from messaging.message.store import conversations, invitations, members, people
from messaging.message.tables import InvitationRow, PersonRow
from messaging.message.views import member_view, peer_view

Added = tuple[Member, bool] | SentInvitation
"""A member, and whether they are new; or the invitation of somebody who is asked first."""


class InvitationService:
    """What can be done with invitations."""

    def __init__(self, changer: Changer, admission: Admission) -> None:
        self._changer = changer
        self._admission = admission

    async def add(self, caller: Caller, conversation_id: UUID, user_id: UUID) -> Added:
        """Add somebody to a group, by its owner or an admin: contacts come in at once, others are invited.

        Raises:
            ProblemError: 404 for the conversation or an unknown person; 403; 409 for a direct conversation, a full
                group or too many invitations; 429.
        """
        async with self._changer.change(caller) as change:
            place = await _manage(change, conversation_id)
            known = (await members.lock(change.session, [(conversation_id, user_id)])).get((conversation_id, user_id))
            if known is not None:
                return member_view(known), False
            person = (await require_known(change, [user_id]))[user_id]
            if user_id in await invitations.welcoming(change.session, caller.user_id, [user_id]):
                member = await self._admission.enter(change, place.conversation, person, by=place.member)
                return member_view(member), True
            rows = await self._admission.invite(change, place.conversation, [user_id])
            return _sent(rows[user_id], {user_id: person})

    async def accept(self, caller: Caller, conversation_id: UUID) -> Conversation:
        """Come into a group by an invitation.

        Raises:
            ProblemError: 404, there is none; 409, the group is full.
        """
        async with self._changer.change(caller) as change:
            found = await conversations.lock(change.session, [conversation_id])
            invitation = await invitations.lock_shown(change.session, conversation_id, caller.user_id)
            if conversation_id not in found or invitation is None:
                raise ProblemError(problems.NOT_FOUND)
            me = (await people.find(change.session, [caller.user_id]))[caller.user_id]
            await self._admission.enter(change, found[conversation_id], me)
            return await change.view(caller.user_id, conversation_id)

    async def refuse(self, caller: Caller, conversation_id: UUID) -> None:
        """Decline an invitation.

        Raises:
            ProblemError: 404, there is none.
        """
        async with self._changer.change(caller) as change:
            invitation = await invitations.lock_shown(change.session, conversation_id, caller.user_id)
            if invitation is None:
                raise ProblemError(problems.NOT_FOUND)
            await change.session.delete(invitation)

    async def withdraw(self, caller: Caller, conversation_id: UUID, user_id: UUID) -> None:
        """Take an invitation back, by the group's owner or an admin.

        Raises:
            ProblemError: 404; 403; 409 for a direct conversation.
        """
        async with self._changer.change(caller) as change:
            await _manage(change, conversation_id)
            if not await invitations.remove(change.session, conversation_id, user_id):
                raise ProblemError(problems.NOT_FOUND)

    async def mine(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[Invitation]:
        """The caller's invitations, newest first.

        Raises:
            ProblemError: 422 for a cursor of something else.
        """
        before = _decode_moment(cursor) if cursor is not None else None
        async with self._changer.database.reading() as session:
            found = await invitations.of_person(session, caller.user_id, limit=limit + 1, before=before)
            known = await people.find(session, {row.inviter_id for row, _ in found})
        rows, last = found[:limit], None
        if len(found) > limit:
            last = encode_cursor([rows[-1][0].created_at.isoformat(), str(rows[-1][0].conversation_id)])
        return Page[Invitation](items=[_received(row, title, known) for row, title in rows], next_cursor=last)

    async def of_group(
        self, caller: Caller, conversation_id: UUID, *, limit: int, cursor: str | None
    ) -> Page[SentInvitation]:
        """A group's open invitations in the order of the people's ids, for its owner and admins.

        Raises:
            ProblemError: 404; 403; 422 for a cursor of something else.
        """
        after = _decode_key(cursor) if cursor is not None else None
        async with self._changer.database.reading() as session:
            me = await members.find(session, conversation_id, caller.user_id)
            if me is None:
                raise ProblemError(problems.NOT_FOUND)
            if me.role not in ("owner", "admin"):
                raise ProblemError(problems.FORBIDDEN, "needs the role owner or admin")
            found = await invitations.of_group(session, conversation_id, limit=limit + 1, after=after)
            known = await people.find(session, [row.user_id for row in found])
        last = encode_cursor([str(found[limit - 1].user_id)]) if len(found) > limit else None
        return Page[SentInvitation](items=[_sent(row, known) for row in found[:limit]], next_cursor=last)


async def _manage(change: Change, conversation_id: UUID) -> Place:
    place = await change.lock(conversation_id)
    place.require_group()
    place.require_role("owner", "admin")
    return place


def _sent(row: InvitationRow, known: Mapping[UUID, PersonRow]) -> SentInvitation:
    return SentInvitation(
        conversation_id=row.conversation_id,
        user=peer_view(UserId(row.user_id), known),
        created_at=row.created_at,
    )


def _received(row: InvitationRow, title: str, known: Mapping[UUID, PersonRow]) -> Invitation:
    return Invitation(
        conversation_id=row.conversation_id,
        title=title,
        inviter=peer_view(UserId(row.inviter_id), known),
        created_at=row.created_at,
    )


def _decode_moment(cursor: str) -> tuple[datetime, UUID]:
    moment, key = decode_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(moment), UUID(key)
    except ValueError:
        raise bad_cursor() from None


def _decode_key(cursor: str) -> UUID:
    (key,) = decode_cursor(cursor, str)
    try:
        return UUID(key)
    except ValueError:
        raise bad_cursor() from None
