"""Every Redis key of this package, with its type. No other module spells one; the Lua scripts get these by name."""

from urllib.parse import quote

# arq's, in arq's format.
QUEUE = "arq:queue:"  # + queue: sorted set, job id -> score; jobs.scoring has the bands
FOREIGN_QUEUE = "="  # before the whole key, it is the name of a queue whose key does not begin with QUEUE
PAYLOAD = "arq:job:"  # + id: string, task and arguments, there exactly while the job is unfinished
IN_PROGRESS = "arq:in-progress:"  # + id: string with PX, `s:<worker>:<fence>`; any other value is a stock worker's
RETRY = "arq:retry:"  # + id: string with EX, mirror of the hash's `try`
RESULT = "arq:result:"  # + id: string with PX, how a job ended; proof that its first run has
ABORT = "arq:abort"  # sorted set: ids that stock clients want to be aborted

# Ours, one a job or an owner: gone when what they stand for is.
JOB = "switchyard:job:"  # + id: hash, an unfinished job; its fields are in lua/prelude.lua
DONE = "switchyard:done:"  # + id: string with PX, `run:fence:kind`, proof that run `run` has ended
OWNER = "switchyard:owner:"  # + queue:owner: sorted set, unfinished due job -> priority; gives `ahead`
IDEMPOTENCY = "switchyard:idempotency:"  # + owner:key: string with PX, what a submission under this key has led to
UNFINISHED = "switchyard:unfinished:"  # + owner: sorted set, each unfinished job of his -> ms of being put in line
RESERVE = (
    "switchyard:reserve:"  # + owner: sorted set with PX, job that is being accepted -> ms until which its place is kept
)
RESERVED = "switchyard:reserved:"  # + owner: hash with PX, batch that is being accepted -> `ms:places` kept until then
RUNNING = "switchyard:running:"  # + owner: sorted set, job -> end of its lease in ms
PARKED = "switchyard:parked:"  # + queue:owner: sorted set, job -> the score that it is released with
PARKED_QUEUES = "switchyard:parkedq:"  # + owner: set of queues in which the owner has parked jobs
PARKED_OWNERS = "switchyard:parkedowners"  # set of owners with parked jobs
CLAIM = "switchyard:claim:"  # + worker:queue-lane: string with PX, the last reply to a claim
ROW = "switchyard:row:"  # + id: string with PX, a job that PostgreSQL did not take, as JSON; its history makes the row
UNIQUE = "switchyard:unique:"  # + task:owner:key: string, the unfinished job that has this name
PACE = "switchyard:pace:"  # + queue:ms of Redis' clock // PACE_MS: string with PX, how many jobs were started then
CANCELLED = "switchyard:cancelled"  # sorted set with PX: queue:owner -> how many were cancelled there while in line
WORKER = "switchyard:worker:"  # + worker: string with PX, what a worker process said last of what it does (JSON)
WORKERS = "switchyard:workers"  # sorted set with PX: worker that has not said that it leaves -> ms of its last sign

# The cache's, which may get lost: one a cached value, then a fixed set that stays.
CACHE_VALUE = "switchyard:cache:value:"  # + scope:digest: string with PX, the marks of its tags and the value as JSON
CACHE_FLIGHT = "switchyard:cache:flight:"  # + scope:digest: string with PX, the same marks and who makes the value
CACHE_TAGS = (
    "switchyard:cache:tags"  # hash: tag -> `version:mark`, PostgreSQL's version, and a mark that is never again
)
CACHE_COUNTS = "switchyard:cache:counts"  # hash: `scope|count` -> how often; jobs.cache.counts has the counts

# Ours, a fixed set that stays.
WAKE = "switchyard:wake:"  # + queue: list of at most one token
LIMITS = "switchyard:limits"  # hash: owner -> most running at once; the field `*` is everybody else's
PLACES = "switchyard:places"  # hash: owner -> most unfinished jobs, the same way; without `*` nobody is admitted
MEANS = "switchyard:means"  # hash: task -> mean run time in ms, and `<task>|n` -> of how many, for the score
PAUSED = "switchyard:paused"  # hash: queue -> ms since which it rests
EXPIRY = "switchyard:expiry"  # sorted set: unfinished job -> ms at which it expires unless it has started
ALIVE = "switchyard:alive"  # string: ms of the last claim or renewal of anybody
GRACE = "switchyard:grace"  # string with PX: no lease counts as lost while it is there
FENCE = "switchyard:fence"  # string: the last fence or version given out
EPOCH = "switchyard:epoch"  # string: `site:noise`, which content of this Redis it is; PostgreSQL has the same
TICK = "switchyard:tick"  # string: ms of PostgreSQL's clock at which a steward last compared the two stores
SERVER = "switchyard:server"  # string: on which server this content was last seen, `run_id master_replid` of INFO
HOLD = "switchyard:hold"  # string with PX: nothing is claimed while it is there
EVENTS = "switchyard:events"  # stream with the group `history`: each transition of each job
PROGRESS = "switchyard:progress"  # stream, trimmed to about PROGRESS_KEPT entries: what running jobs say of themselves
COUNTERS = "switchyard:counters"  # hash: what the scripts count; jobs.counters has the fields
DOOR = "switchyard:door"  # never there: its DEL lets a script go on where Redis' memory is full

HISTORY_GROUP = "history"
ENDED_CHANNEL = "switchyard:ended"  # publish / subscribe: ids of jobs that have just ended, with spaces between
CANCEL_CHANNEL = "switchyard:cancel"  # publish / subscribe: the id of a running job that is to be cancelled

RESULT_KEEP_MS = 3_600_000
PACE_MS = 1_000
PACE_KEEP_MS = 70_000
PROGRESS_KEPT = 1_000

# arq's worker also keeps `<queue>:health-check`.


def unique(task: str, owner: str, key: str) -> str:
    """Give what an unfinished job holds whose unique key is this."""
    return f"{UNIQUE}{task}:{quote(owner, safe='')}:{key}"


def queue(name: str) -> str:
    """Give the sorted set of a queue."""
    return name.removeprefix(FOREIGN_QUEUE) if name.startswith(FOREIGN_QUEUE) else f"{QUEUE}{name}"


def queue_name(key: str) -> str:
    """Name the queue of a sorted set, also of one that arq's users have called as they like."""
    return key.removeprefix(QUEUE) if key.startswith(QUEUE) else f"{FOREIGN_QUEUE}{key}"


def wake(name: str) -> str:
    """Give the list that wakes an idle worker of a queue."""
    return f"{WAKE}{name}"


def worker(name: str) -> str:
    """Give what a live worker process says of itself."""
    return f"{WORKER}{name}"


def line(queue_name: str, owner: str) -> str:
    """Give the sorted set of what an owner has in line in a queue."""
    return f"{OWNER}{queue_name}:{owner}"


def job(job_id: str) -> str:
    """Give the hash of an unfinished job."""
    return f"{JOB}{job_id}"


def done(job_id: str) -> str:
    """Give the mark that an ended run leaves."""
    return f"{DONE}{job_id}"


def result(job_id: str) -> str:
    """Give the key that says how a job ended."""
    return f"{RESULT}{job_id}"


def row(job_id: str) -> str:
    """Give what is kept of a job that PostgreSQL did not take."""
    return f"{ROW}{job_id}"


def reserve(owner: str) -> str:
    """Give the places that are kept for an owner's jobs on their way in."""
    return f"{RESERVE}{owner}"


def reserved(owner: str) -> str:
    """Give the places that are kept for an owner's batches on their way in."""
    return f"{RESERVED}{owner}"


def idempotency(owner: str, key: str) -> str:
    """Give what is known of a submission under an idempotency key."""
    return f"{IDEMPOTENCY}{owner}:{key}"


def cache_value(scope: str, digest: str) -> str:
    """Give a cached value."""
    return f"{CACHE_VALUE}{scope}:{digest}"


def cache_flight(scope: str, digest: str) -> str:
    """Give who makes a value that is to be cached."""
    return f"{CACHE_FLIGHT}{scope}:{digest}"
