"""Conversations: as one member sees them, and locked for a change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.upsert import locked
from messaging.message.tables import ConversationRow, MemberRow, MessageRow


@dataclass(frozen=True)
class Seen:
    """A conversation, the asking member, and its latest message."""

    conversation: ConversationRow
    member: MemberRow
    last_message: MessageRow | None


def _seen() -> Select[ConversationRow, MemberRow, MessageRow]:
    return (
        select(ConversationRow, MemberRow, MessageRow)
        .select_from(MemberRow)
        .join(ConversationRow, col(ConversationRow.id) == col(MemberRow.conversation_id))
        .outerjoin(
            MessageRow,
            and_(
                col(MessageRow.conversation_id) == col(ConversationRow.id),
                col(MessageRow.seq) == col(ConversationRow.last_seq),
            ),
        )
    )


def _seen_by(user_id: UUID) -> Select[ConversationRow, MemberRow, MessageRow]:
    return _seen().where(col(MemberRow.user_id) == user_id, col(ConversationRow.deleted_at).is_(None))


async def _fetch(session: AsyncSession, query: Select[ConversationRow, MemberRow, MessageRow]) -> list[Seen]:
    return [Seen(*row) for row in (await session.execute(query)).all()]


async def seen(session: AsyncSession, user_id: UUID, ids: Iterable[UUID]) -> list[Seen]:
    """Return those of the conversations that the person is a member of."""
    wanted = list(ids)
    if not wanted:
        return []
    return await _fetch(session, _seen_by(user_id).where(col(MemberRow.conversation_id).in_(wanted)))


async def seen_by_all(session: AsyncSession, conversation_id: UUID, users: Sequence[UUID]) -> list[Seen]:
    """Return one conversation as each of `users` sees it, a deleted one too; who is no member is left out."""
    query = _seen().where(col(MemberRow.conversation_id) == conversation_id, col(MemberRow.user_id).in_(users))
    return await _fetch(session, query)


async def latest(
    session: AsyncSession,
    user_id: UUID,
    *,
    limit: int,
    before: tuple[datetime, UUID] | None = None,
    leaving_out: Sequence[UUID] = (),
) -> list[Seen]:
    """Return the person's conversations, latest activity first, those put aside left out."""
    activity, key = col(ConversationRow.last_activity_at), col(ConversationRow.id)
    hidden = col(MemberRow.hidden_seq)
    query = _seen_by(user_id).where(or_(hidden.is_(None), hidden < col(ConversationRow.last_seq)))
    if before is not None:
        query = query.where(or_(activity < before[0], and_(activity == before[0], key < before[1])))
    if leaving_out:
        query = query.where(key.not_in(leaving_out))
    return await _fetch(session, query.order_by(activity.desc(), key.desc()).limit(limit))


async def lock(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, ConversationRow]:
    """Lock conversations in id order; those that are not there, or deleted, are left out."""
    query = (
        select(ConversationRow)
        .where(col(ConversationRow.id).in_(sorted(ids)), col(ConversationRow.deleted_at).is_(None))
        .order_by(col(ConversationRow.id))
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in (await session.execute(locked(session, query))).scalars()}


async def lock_by_code(session: AsyncSession, code: str) -> ConversationRow | None:
    """Lock the conversation that a folded join code opens."""
    query = select(ConversationRow).where(
        col(ConversationRow.join_code) == code, col(ConversationRow.deleted_at).is_(None)
    )
    return (await session.execute(locked(session, query))).scalar_one_or_none()


async def by_client_id(session: AsyncSession, creator_id: UUID, client_id: UUID) -> ConversationRow | None:
    """Return what the person made under that id of their client's."""
    query = select(ConversationRow).where(
        col(ConversationRow.creator_id) == creator_id, col(ConversationRow.client_id) == client_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def by_direct_key(session: AsyncSession, direct_key: bytes) -> ConversationRow | None:
    """Return the direct conversation of a pair."""
    query = select(ConversationRow).where(col(ConversationRow.direct_key) == direct_key)
    return (await session.execute(query)).scalar_one_or_none()


async def after(session: AsyncSession, last: UUID | None, limit: int) -> list[ConversationRow]:
    """Return conversations in id order behind `last`, for snapshots."""
    query = select(ConversationRow).where(col(ConversationRow.deleted_at).is_(None))
    if last is not None:
        query = query.where(col(ConversationRow.id) > last)
    return list((await session.execute(query.order_by(col(ConversationRow.id)).limit(limit))).scalars())


async def lock_one_deleted(session: AsyncSession, before: datetime) -> ConversationRow | None:
    """Lock one conversation that was deleted before that moment and that nobody else is clearing away."""
    query = select(ConversationRow).where(col(ConversationRow.deleted_at) < before).limit(1)
    return (await session.execute(locked(session, query, skip_locked=True))).scalar_one_or_none()


async def by_ids(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, ConversationRow]:
    """Return conversations that are there, for work that no single person asks for."""
    query = select(ConversationRow).where(
        col(ConversationRow.id).in_(list(ids)), col(ConversationRow.deleted_at).is_(None)
    )
    return {row.id: row for row in (await session.execute(query)).scalars()}
