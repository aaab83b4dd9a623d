"""What goes of a person who has left: profile first, so that nobody can relate to them any more, then all the rest."""

from sqlmodel.ext.asyncio.session import AsyncSession

from messaging.kernel.purging import Job, Page
from messaging.user.store import leaving


async def purge_page(session: AsyncSession, job: Job) -> Page:
    """Remove a portion; the profile's lock waits for whoever is relating to its owner this moment."""
    await leaving.remove_profile(session, job.user_id)
    return Page(more=await leaving.remove_portion(session, job.user_id))
