"""SQL of the bytes of exports, and of the links to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, RowMapping, delete, insert, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.export.tables import download_links, export_chunks, exports

CHUNKS_AT_ONCE = 32
"""How many chunks one transaction deletes: 8 MiB."""


async def add_chunk(session: AsyncSession, export_id: UUID, *, number: int, start: int, content: bytes) -> None:
    """Write the next piece of an export."""
    row = {"export_id": export_id, "number": number, "start": start, "length": len(content), "content": content}
    await session.execute(insert(export_chunks).values(row))


async def chunk_at(session: AsyncSession, export_id: UUID, position: int) -> RowMapping | None:
    """The piece that holds the byte at `position`."""
    query = (
        select(export_chunks)
        .where(export_chunks.c.export_id == export_id, export_chunks.c.start <= position)
        .order_by(export_chunks.c.number.desc())
        .limit(1)
    )
    return (await session.execute(query)).mappings().one_or_none()


async def chunk(session: AsyncSession, export_id: UUID, number: int) -> RowMapping | None:
    """One piece by its number."""
    query = select(export_chunks).where(export_chunks.c.export_id == export_id, export_chunks.c.number == number)
    return (await session.execute(query)).mappings().one_or_none()


async def remove_chunks(session: AsyncSession, export_id: UUID) -> bool:
    """Delete a portion of an export's bytes; tell whether there may be more."""
    query = select(export_chunks.c.number).where(export_chunks.c.export_id == export_id).limit(CHUNKS_AT_ONCE)
    numbers = (await session.execute(query)).scalars().all()
    if numbers:
        await session.execute(
            delete(export_chunks).where(export_chunks.c.export_id == export_id, export_chunks.c.number.in_(numbers))
        )
    return len(numbers) == CHUNKS_AT_ONCE


async def add_link(session: AsyncSession, link_id: UUID, export_id: UUID, expires_at: datetime) -> None:
    """Insert a link that nobody has claimed."""
    await session.execute(insert(download_links).values(id=link_id, export_id=export_id, expires_at=expires_at))


async def link(session: AsyncSession, link_id: UUID, now: datetime) -> RowMapping | None:
    """A link that has not expired, with its ready export's `user_id`, `size_bytes` and `export_created_at`."""
    query = (
        select(
            download_links,
            exports.c.user_id,
            exports.c.size_bytes,
            exports.c.created_at.label("export_created_at"),
        )
        .join(exports, exports.c.id == download_links.c.export_id)
        .where(
            download_links.c.id == link_id,
            download_links.c.expires_at > now,
            exports.c.state == "ready",
            exports.c.expires_at > now,
        )
    )
    return (await session.execute(query)).mappings().one_or_none()


async def claim_link(session: AsyncSession, link_id: UUID, holder: bytes) -> bool:
    """Give a link to its first holder; tell whether it was free."""
    result = await session.execute(
        update(download_links)
        .where(download_links.c.id == link_id, download_links.c.holder.is_(None))
        .values(holder=holder)
    )
    return isinstance(result, CursorResult) and result.rowcount == 1


async def remove_links_of(session: AsyncSession, export_id: UUID) -> None:
    """Delete the links to an export."""
    await session.execute(delete(download_links).where(download_links.c.export_id == export_id))


async def remove_expired_links(session: AsyncSession, now: datetime) -> None:
    """Delete links whose time is over."""
    await session.execute(delete(download_links).where(download_links.c.expires_at <= now))
