"""Who is named in which system message, beside who did what it tells; `naming.py` says how."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.message.tables import NamedPersonRow

AT_ONCE = 100


async def of_person(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """Return a portion of the system messages that name a person who did not do what they tell."""
    query = select(col(NamedPersonRow.message_id)).where(col(NamedPersonRow.user_id) == user_id).limit(AT_ONCE)
    return list((await session.execute(query)).scalars())


async def forget_person(session: AsyncSession, user_id: UUID, message_ids: Sequence[UUID]) -> None:
    """Forget that these messages name a person."""
    await session.execute(
        delete(NamedPersonRow)
        .where(col(NamedPersonRow.user_id) == user_id, col(NamedPersonRow.message_id).in_(message_ids))
        .execution_options(synchronize_session=False)
    )


async def forget_messages(session: AsyncSession, message_ids: Sequence[UUID]) -> None:
    """Forget who is named in messages that go."""
    await session.execute(delete(NamedPersonRow).where(col(NamedPersonRow.message_id).in_(message_ids)))
