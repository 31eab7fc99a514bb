"""Jobs that have failed, made by PostgreSQL itself: no worker is needed."""

from jobs.stores.database import Database

_FAILED = """
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at, error
)
SELECT
    $2::text || number || $1::text, $4, 'data_sync', $2, 'failed', 5, '{}', '{}', 1, 300, now() - interval '1 day',
    now() - interval '1 hour' + make_interval(secs => number),
    jsonb_build_object('type', 'E', 'message', 'number ' || number, 'fingerprint', $1::text)
FROM generate_series(1, $3::integer) AS number
"""


async def fail(database: Database, fingerprint: str, owner: str, amount: int, *, task: str = "diag.noop") -> None:
    """Let so many jobs of an owner have failed, the last one most lately."""
    await database.execute(_FAILED, fingerprint, owner, amount, task)
