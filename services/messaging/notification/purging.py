"""What goes of a person who has deleted their account: page by page, each a transaction (`kernel/purging.py`).

Memberships go first, so that nothing new is told to them; then what they were told. The texts of their messages go by
the events of the message service (`message.updated`), in whatever order these come.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from messaging_wire.events import MessageCreated
from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.purging import NOBODY, Job, Page
from messaging.notification.changes import Change
from messaging.notification.store import activity, leaving


class PersonPurge:
    """Takes a person away; `announce` tells sockets what has changed for others."""

    def __init__(self, announce: Callable[[Sequence[Change]], None]) -> None:
        self._announce = announce

    async def page(self, session: AsyncSession, job: Job) -> Page:
        """Do a bounded part of the first kind of work of which there is any."""
        ids = await leaving.some_conversations(session, job.user_id)
        if ids:
            changes = await _leave(session, job, ids)
            return Page(more=True, committed=lambda: self._announce(changes))
        if await leaving.remove_portion(session, job.user_id):
            return Page(more=True)
        return Page(more=await _look_at_deferred(session, job))


async def _leave(session: AsyncSession, job: Job, ids: Sequence[UUID]) -> list[Change]:
    """End some memberships; other people's notifications of direct conversations lose the person's name."""
    known = list(await activity.lock_conversations(session, ids))
    rows = await leaving.rename_direct(session, known, NOBODY)
    await leaving.end_memberships(session, job.user_id, known)
    return [
        Change("notification_updated", row["user_id"], row["id"], row["conversation_id"])
        for row in rows
        if row["user_id"] != job.user_id
    ]


async def _look_at_deferred(session: AsyncSession, job: Job) -> bool:
    """Treat a portion of the messages that wait for their membership; tell whether there may be more."""
    rows = await leaving.deferred_after(session, int(job.notes.get("last_deferred", 0)))
    for row in rows:
        event = MessageCreated.model_validate_json(row["body"])
        if event.sender_id != job.user_id:
            continue
        if job.keeps_messages:
            unnamed = event.model_copy(update={"sender_username": NOBODY})
            await leaving.rewrite_deferred(session, row["id"], unnamed.model_dump_json())
        else:
            await leaving.drop_deferred(session, row["id"])
    if rows:
        job.notes["last_deferred"] = rows[-1]["id"]
    return bool(rows)
