"""Jobs that PostgreSQL has accepted and of which nothing else has heard."""

from jobs.ids import new_job_id
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob


async def accepted(database: Database, amount: int) -> list[str]:
    """Store so many; give their ids."""
    new = [
        NewJob(
            id=new_job_id(),
            task="diag.noop",
            queue="data_sync",
            owner="admin",
            priority=5,
            args={},
            tags=(),
            max_tries=5,
            timeout_s=300,
            run_at=None,
            delay_s=None,
        )
        for _ in range(amount)
    ]
    async with database.transaction() as connection:
        await JobStore(database).insert(new, connection=connection)
    return [job.id for job in new]
