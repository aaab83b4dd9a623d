"""Who is in which conversation, from `membership.changed` in any order.

Per conversation the highest version up to which every change has been applied is kept, and the versions applied
beyond it; per person the version that their membership comes from, so that an older change never undoes a newer one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from messaging_wire.events import MembershipChanged
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.notification.store import activity, levels
from messaging.notification.store.activity import Conversation, Membership, Pair


async def apply_memberships(
    session: AsyncSession, known: Mapping[UUID, Conversation], events: Iterable[MembershipChanged]
) -> dict[Pair, int]:
    """Apply changes to locked conversations; return up to where their people have read, for who was known before."""
    by_conversation: dict[UUID, list[MembershipChanged]] = defaultdict(list)
    for event in events:
        by_conversation[event.conversation_id].append(event)
    applied = await activity.applied_versions(session, list(by_conversation))
    advances: dict[Pair, int] = {}
    for conversation_id, changes in by_conversation.items():
        changes.sort(key=lambda event: (event.version, event.complete))
        advances |= await _apply(session, known[conversation_id], changes, applied[conversation_id])
    return advances


async def _apply(
    session: AsyncSession, conversation: Conversation, events: Sequence[MembershipChanged], beyond: set[int]
) -> dict[Pair, int]:
    advances: dict[Pair, int] = {}
    for event in events:
        if not _is_news(conversation, event, beyond):
            continue
        if event.version >= conversation.title_version:
            conversation.kind, conversation.title = event.kind, event.title
            conversation.title_version = event.version
        advances |= await _apply_people(session, event)
        _count_up(conversation, event, beyond)
        conversation.changed = True
    if conversation.changed:
        await activity.save_applied_versions(session, conversation, beyond)
    return advances


def _is_news(conversation: Conversation, event: MembershipChanged, beyond: set[int]) -> bool:
    """Tell whether an event must be applied; a snapshot of what is known already is, as it may repair."""
    if event.complete:
        return event.version >= conversation.member_version
    return event.version > conversation.member_version and event.version not in beyond


def _count_up(conversation: Conversation, event: MembershipChanged, beyond: set[int]) -> None:
    if event.complete:
        conversation.member_version = event.version
    else:
        beyond.add(event.version)
    while conversation.member_version + 1 in beyond:
        conversation.member_version += 1
    beyond.difference_update({version for version in beyond if version <= conversation.member_version})


async def _apply_people(session: AsyncSession, event: MembershipChanged) -> dict[Pair, int]:
    """Write the memberships that an event tells of, where it is newer than what each comes from."""
    changes = {(event.conversation_id, change.user_id): change for change in event.changes}
    if event.complete:
        await activity.end_older_memberships(session, event.conversation_id, event.version)
    rows = await activity.memberships_of(session, changes)
    written: dict[Pair, Membership] = {}
    advances: dict[Pair, int] = {}
    for pair, change in changes.items():
        row = rows.get(pair)
        if row is not None:
            advances[pair] = change.read_seq
            if row.version > event.version or (row.version == event.version and not event.complete):
                continue
        read_seq = row.read_seq if row is not None else change.read_seq
        written[pair] = Membership(change.role, event.version, read_seq)
    await activity.save_memberships(session, written)
    await levels.reset_levels(session, [pair for pair, row in written.items() if row.role is None])
    return advances
