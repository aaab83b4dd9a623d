"""What other services hear of people: events made of rows, as they happen and again."""

from messaging_wire.events import ProfileUpdated, RelationChanged
from messaging_wire.ids import UserId
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.outbox import Outbox
from messaging.user.store import profiles, relations
from messaging.user.tables import ProfileRow, RelationRow

PAGE = 500


def profile_event(row: ProfileRow) -> ProfileUpdated:
    """The event that tells other services of a profile and of what its owner has chosen."""
    return ProfileUpdated(
        version=row.version,
        user_id=UserId(row.user_id),
        username=row.username,
        display_name=row.display_name,
        avatar_url=row.avatar_url,
        direct_messages=row.direct_messages,
        send_read_receipts=row.send_read_receipts,
        show_presence=row.show_presence,
    )


def relation_event(row: RelationRow) -> RelationChanged:
    """The event that tells other services what one person has said of another."""
    return RelationChanged(
        version=row.version,
        user_id=UserId(row.user_id),
        other_id=UserId(row.other_id),
        contact=row.contact,
        blocked=row.blocked,
    )


async def republish(session: AsyncSession, outbox: Outbox) -> int:
    """Put an event for every profile and every relation on the outbox, page by page; return how many.

    Relations where nothing holds any more are told too: who was restored to an earlier state may know better.
    """
    return await _republish_profiles(session, outbox) + await _republish_relations(session, outbox)


async def _republish_profiles(session: AsyncSession, outbox: Outbox) -> int:
    count, last = 0, None
    while page := await profiles.profiles_after(session, last, limit=PAGE):
        await outbox.add(session, [profile_event(row) for row in page])
        count, last = count + len(page), page[-1].user_id
    return count


async def _republish_relations(session: AsyncSession, outbox: Outbox) -> int:
    count, last = 0, None
    while page := await relations.all_after(session, last, limit=PAGE):
        await outbox.add(session, [relation_event(row) for row in page])
        count, last = count + len(page), (page[-1].user_id, page[-1].other_id)
    return count
