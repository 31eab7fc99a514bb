"""Every Redis key of this package, with its type. No other module spells one."""

QUEUE_PREFIX = "arq:queue:"  # sorted set: job id -> the millisecond from which it may run
IN_PROGRESS_PREFIX = "arq:in-progress:"  # string with PX: a worker has the job
ENDED_CHANNEL = "switchyard:ended"  # publish / subscribe: ids of jobs that have just ended

# arq itself writes arq:job:<id>, arq:retry:<id>, arq:result:<id> and <queue>:health-check.


def queue(name: str) -> str:
    """Give the sorted set of a queue."""
    return f"{QUEUE_PREFIX}{name}"


def in_progress(job_id: str) -> str:
    """Give the key that says that a worker has the job."""
    return f"{IN_PROGRESS_PREFIX}{job_id}"
