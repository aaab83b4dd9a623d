"""How people come into a group: at once where they are the adder's contacts, else by an invitation to accept.

Somebody who has blocked the adder is invited as far as the group can see, and never learns of it
(`store/invitations.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from messaging_wire import problems
from messaging_wire.conversation import Role
from messaging_wire.events import MemberChange
from messaging_wire.ids import ConversationId, UserId
from messaging_wire.realtime import InvitationMade

from messaging.kernel.errors import ProblemError
from messaging.message.naming import named
from messaging.message.news import Invited
from messaging.message.rates import Allowance
from messaging.message.service.change import Change
from messaging.message.store import invitations, people
from messaging.message.tables import ConversationRow, InvitationRow, MemberRow, PersonRow

LEVEL_VERSIONS = 2**20
"""How often a level may change while one is a member, so that versions go on growing when one comes back."""


@dataclass(frozen=True)
class Admission:
    """Lets people into groups, within bounds."""

    pace: Allowance
    max_members: int
    max_invitations: int
    max_invitations_per_person: int

    async def enter(
        self, change: Change, row: ConversationRow, person: PersonRow, *, by: MemberRow | None = None
    ) -> MemberRow:
        """Make somebody a member of a locked group, numbered and told; `by` is the member who added them.

        Raises:
            ProblemError: 409, the group is full.
        """
        self.require_room(row.member_count + 1)
        user_id, name = person.user_id, person.username
        member = new_member(row, user_id, "member", change.now, sends_receipts=person.sends_receipts)
        change.session.add(member)
        await invitations.remove(change.session, row.id, user_id)
        row.member_count += 1
        entered = MemberChange(user_id=user_id, role="member", username=name, read_seq=row.last_seq + 1)
        change.change_members(row, [entered], joined=[user_id])
        said = f"{name} joined" if by is None else f"{change.caller.username} added {name}"
        told = change.say(row, said, reader=member)
        member.joined_seq = told.seq
        if by is not None:
            change.session.add(named(told, user_id))
            by.read_seq = by.delivered_seq = member.joined_seq
        change.tell_joined({user_id: await change.view(user_id, row.id)})
        return member

    def require_room(self, member_count: int) -> None:
        """Refuse more members than a group may have.

        Raises:
            ProblemError: 409.
        """
        if member_count > self.max_members:
            raise ProblemError(problems.CONFLICT, "the conversation is full")

    async def invite(self, change: Change, row: ConversationRow, users: Sequence[UUID]) -> Mapping[UUID, InvitationRow]:
        """Invite people into a locked group; who is invited already is told nothing new.

        An invitation that its receiver cannot see, because they have blocked who sent it, becomes the caller's.

        Raises:
            ProblemError: 409 for too many open ones of the group or of a person, 429 for too many by the caller.
        """
        session, inviter = change.session, change.caller.user_id
        found = await invitations.lock(session, row.id, users)
        shown = await invitations.shown(session, row.id, users)
        fresh = [user for user in users if user not in found]
        await self._require_few(change, row, fresh)
        for user in found.keys() - shown:
            found[user].inviter_id = inviter
        for user in fresh:
            found[user] = InvitationRow(
                conversation_id=row.id, user_id=UserId(user), inviter_id=inviter, created_at=change.now
            )
            session.add(found[user])
        await session.flush()
        told = await invitations.shown(session, row.id, users) - shown
        if told:
            made = InvitationMade(conversation_id=ConversationId(row.id), title=row.title or "", inviter_id=inviter)
            change.news.append(Invited(users=[UserId(user) for user in told], invitation=made))
        return found

    async def _require_few(self, change: Change, row: ConversationRow, fresh: Sequence[UUID]) -> None:
        if not fresh:
            return
        if await invitations.count_in(change.session, row.id) + len(fresh) > self.max_invitations:
            raise ProblemError(problems.CONFLICT, "the conversation has too many open invitations")
        counts = await invitations.count_for(change.session, fresh, change.caller.user_id)
        if any(count >= self.max_invitations_per_person for count in counts.values()):
            raise ProblemError(problems.CONFLICT, "the person has too many open invitations")
        for _ in fresh:
            wait = self.pace.try_to_take(change.caller.user_id)
            if wait is not None:
                raise ProblemError(problems.TOO_MANY_REQUESTS, "too many invitations", retry_after=wait)


async def require_known(change: Change, users: Sequence[UUID]) -> dict[UUID, PersonRow]:
    """The people, each of whom must be known.

    Raises:
        ProblemError: 404. A new account is known here a moment after it was made, by `profile.updated`.
    """
    known = await people.living(change.session, users)
    if len(known) != len(users):
        raise ProblemError(problems.NOT_FOUND, "no such person")
    return known


def new_member(
    conversation: ConversationRow, user_id: UserId, role: Role, now: datetime, *, sends_receipts: bool = True
) -> MemberRow:
    """The row of somebody who comes in now and has read what was before."""
    seq = conversation.last_seq
    return MemberRow(
        conversation_id=conversation.id,
        user_id=user_id,
        role=role,
        joined_at=now,
        joined_seq=seq,
        delivered_seq=seq,
        read_seq=seq,
        sends_receipts=sends_receipts,
        level_version=conversation.member_version * LEVEL_VERSIONS,
    )
