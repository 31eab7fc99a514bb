"""Every Redis key of this package, with its type. No other module spells one."""

QUEUE_PREFIX = "arq:queue:"  # sorted set: job id -> the millisecond from which it may run
IN_PROGRESS_PREFIX = "arq:in-progress:"  # string with PX: a worker has the job
PAYLOAD_PREFIX = "arq:job:"  # string: task and arguments, there until the job has ended
RESULT_PREFIX = "arq:result:"  # string with PX: how a job ended
ENDED_CHANNEL = "switchyard:ended"  # publish / subscribe: ids of jobs that have just ended

# arq itself writes these, and beside them arq:retry:<id> and <queue>:health-check.


def queue(name: str) -> str:
    """Give the sorted set of a queue."""
    return f"{QUEUE_PREFIX}{name}"


def in_progress(job_id: str) -> str:
    """Give the key that says that a worker has the job."""
    return f"{IN_PROGRESS_PREFIX}{job_id}"


def payload(job_id: str) -> str:
    """Give the key of a job's task and arguments."""
    return f"{PAYLOAD_PREFIX}{job_id}"


def result(job_id: str) -> str:
    """Give the key that says how a job ended."""
    return f"{RESULT_PREFIX}{job_id}"
