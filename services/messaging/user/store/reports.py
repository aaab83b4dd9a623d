"""What people have told the administrators."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.user.tables import ReportKind, ReportRow


async def find(session: AsyncSession, reporter_id: UUID, kind: ReportKind, target_id: UUID) -> ReportRow | None:
    """Return what somebody has said of one person or message."""
    query = select(ReportRow).where(
        col(ReportRow.reporter_id) == reporter_id, col(ReportRow.kind) == kind, col(ReportRow.target_id) == target_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def count_since(session: AsyncSession, reporter_id: UUID, since: datetime) -> int:
    """Count what somebody has reported since then; the number is bounded by who adds them."""
    query = (
        select(func.count())
        .select_from(ReportRow)
        .where(col(ReportRow.reporter_id) == reporter_id, col(ReportRow.created_at) >= since)
    )
    return int((await session.execute(query)).scalar_one())


async def page(session: AsyncSession, *, before: UUID | None, limit: int) -> list[ReportRow]:
    """Return everybody's reports, newest first."""
    query = select(ReportRow).order_by(col(ReportRow.id).desc()).limit(limit)
    if before is not None:
        query = query.where(col(ReportRow.id) < before)
    return list((await session.execute(query)).scalars())
