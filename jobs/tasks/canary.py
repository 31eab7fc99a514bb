"""The canary: a job that does nothing, each minute in each queue, whose absence tells that a queue stands still.

For JOBS_TASKS and JOBS_SCHEDULES of a site that has workers for all of the queues.
"""

from jobs.context import JobContext
from jobs.registry import Task
from jobs.schedule import Schedule
from jobs.tasks.table import QUEUES

_LONGEST_WAIT_S = 600.0


async def canary(_: JobContext) -> None:
    """Do nothing, on time."""


TASKS = (Task(name="canary", function=canary, queue=QUEUES[0], other_queues=QUEUES[1:], timeout_s=10, typical_s=0.01),)

SCHEDULES = tuple(
    Schedule(
        name=f"canary.{queue}",
        task="canary",
        queue=queue,
        cron="* * * * *",
        priority=10,
        expires_in_s=_LONGEST_WAIT_S,
    )
    for queue in QUEUES
)
