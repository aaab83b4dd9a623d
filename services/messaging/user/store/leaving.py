"""All that the service holds of one person, removed in portions."""

from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.purging import remove_some
from messaging.user.tables import LastSeenRow, ProfileRow, RelationRow, ReportRow, RequestRow


async def remove_profile(session: AsyncSession, user_id: UUID) -> None:
    """Delete a person's profile, preferences and time of last being seen."""
    for model in (ProfileRow, LastSeenRow):
        statement = delete(model).where(col(model.user_id) == user_id)
        await session.execute(statement.execution_options(synchronize_session=False))


async def remove_portion(session: AsyncSession, user_id: UUID) -> bool:
    """Delete some of a person's relations, requests and reports, in both directions; tell whether there may be more."""
    held: tuple[tuple[type[SQLModel], ColumnElement[bool]], ...] = (
        (RequestRow, col(RequestRow.sender_id) == user_id),
        (RequestRow, col(RequestRow.receiver_id) == user_id),
        (RelationRow, col(RelationRow.user_id) == user_id),
        (RelationRow, col(RelationRow.other_id) == user_id),
        (ReportRow, col(ReportRow.reporter_id) == user_id),
        (ReportRow, col(ReportRow.target_id) == user_id),
    )
    full = [await remove_some(session, _table(model), condition) for model, condition in held]
    return any(full)


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
    return table
