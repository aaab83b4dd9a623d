"""What goes of a person who has deleted their account: their exports with bytes, links and grants, page by page.

An export is taken from whoever works on it first: the fence of `work.py` lets nothing be written any more. Its grant
ends with it; auth renews none for an account that is gone.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.export.store import downloads, exports
from messaging.kernel.clock import Clock
from messaging.kernel.purging import Job, Page


class PersonPurge:
    """Takes a person's exports away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def page(self, session: AsyncSession, job: Job) -> Page:
        """Remove a portion of one export; at last the export."""
        row = await exports.one_of_person(session, job.user_id)
        if row is None:
            return Page(more=False)
        if row["state"] != "cancelled":
            await exports.cancel(session, row["id"], expires_at=self._clock.now())
        elif not await downloads.remove_chunks(session, row["id"]):
            await downloads.remove_links_of(session, row["id"])
            await exports.remove(session, row["id"])
        return Page(more=True)
