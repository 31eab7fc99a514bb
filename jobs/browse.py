"""Lists jobs: PostgreSQL says which there are, and Redis, in one call a page, what those do that have not ended."""

from jobs.find import JobFinder
from jobs.stores.listing import JobFilter, Listing, Page, Place


class JobBrowser:
    """The one way to look at many jobs."""

    def __init__(self, *, listing: Listing, finder: JobFinder) -> None:
        self._listing = listing
        self._finder = finder

    async def page(self, wanted: JobFilter, *, after: Place | None, limit: int) -> Page:
        """Give up to `limit` jobs, newest first; fewer where few fit, or have gone on to a state that does not.

        A job that is not written yet, or not that its state fits now, is missing. Raises StoreUnavailableError while
        PostgreSQL is away; while Redis is, the states are those that were written.
        """
        page = await self._listing.page(wanted, after=after, limit=limit)
        fresh = await self._finder.refresh(page.jobs)
        fitting = [job for job in fresh if not wanted.states or job.state in wanted.states]
        return Page(jobs=fitting, following=page.following)
