"""The canary: a job that does nothing, each minute in each queue, whose absence tells that a queue stands still."""

from collections.abc import Iterable, Sequence

from jobs.context import JobContext
from jobs.registry import Task
from jobs.schedule import Schedule

NAME = "canary"

_LONGEST_WAIT_S = 600.0


async def canary(_: JobContext) -> None:
    """Do nothing, on time."""


def canary_task(queues: Iterable[str]) -> Task:
    """Declare the task for every queue of a site."""
    own, *others = queues
    return Task(
        name=NAME,
        function=canary,
        queue=own,
        other_queues=tuple(others),
        timeout_s=10,
        typical_s=0.01,
        system_only=True,
    )


def canary_schedules(queues: Sequence[str], *, timezone: str) -> tuple[Schedule, ...]:
    """Declare one a queue, as urgent as can be; what waits for longer than ten minutes is given up."""
    return tuple(
        Schedule(
            name=schedule_of(queue),
            task=NAME,
            queue=queue,
            cron="* * * * *",
            timezone=timezone,
            priority=10,
            expires_in_s=_LONGEST_WAIT_S,
        )
        for queue in queues
    )


def schedule_of(queue: str) -> str:
    """Give the name of a queue's schedule."""
    return f"{NAME}.{queue}"
