"""When people were last there: written when somebody's last socket has closed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import insert_or_renew
from messaging.user.store.profiles import table_of
from messaging.user.tables import LastSeenRow


async def save_later(session: AsyncSession, seen: Mapping[UUID, datetime]) -> None:
    """Write the times that are later than what is known: replicas that write the same write once."""
    rows = [{"user_id": user_id, "last_seen_at": seen[user_id]} for user_id in sorted(seen)]
    if rows:
        statement = insert_or_renew(
            session, table_of(LastSeenRow), rows, update=("last_seen_at",), newer="last_seen_at"
        )
        await session.execute(statement)


async def find(session: AsyncSession, user_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when each of the people was last there, of those who ever were."""
    query = select(LastSeenRow).where(col(LastSeenRow.user_id).in_(list(user_ids)))
    return {row.user_id: row.last_seen_at for row in (await session.execute(query)).scalars()}
