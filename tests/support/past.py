"""A long history of jobs, made by PostgreSQL itself: mostly succeeded, with rare tasks, queues, owners and tags."""

from jobs.stores.database import Database

OWNERS = 60
RARE = "rare"  # the name of a task, a queue, an owner and a tag that one job in 20,000 has
COMMON = "common"  # the tag of every tenth job
BATCH = "batch"  # the one that there is, with so many members
MEMBERS = 500

_AT_ONCE = 200_000
_BATCH_AT = 1_001

# The newest half per cent have not ended. One in fifty has failed, of one of twelve causes of its task.
_JOBS = f"""
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, started_at, finished_at,
    error, fence, tries, batch_id
)
SELECT
    id, task, queue, owner, state, 5, '{{"number": 1}}', tags, 5, 300, accepted_at, accepted_at + interval '1 second',
    CASE WHEN state IN ('succeeded', 'failed', 'cancelled', 'expired') THEN accepted_at + interval '2 seconds' END,
    CASE
        WHEN state = 'failed' THEN jsonb_build_object(
            'type', 'ValueError', 'message', 'number ' || number, 'fingerprint', 'cause ' || task || number / 50 % 12
        )
    END,
    number, 1, CASE WHEN number BETWEEN {_BATCH_AT} AND {_BATCH_AT + MEMBERS - 1} THEN '{BATCH}' END
FROM (
    SELECT
        number,
        lpad(to_hex(number), 32, '0') AS id,
        CASE WHEN number % 20000 = 7 THEN '{RARE}' ELSE 'task ' || number % 8 END AS task,
        CASE WHEN number % 20000 = 5 THEN '{RARE}' ELSE 'queue ' || number % 3 END AS queue,
        CASE WHEN number % 20000 = 3 THEN '{RARE}' ELSE 'owner ' || number % {OWNERS} END AS owner,
        CASE
            WHEN number > $3 * 0.995 AND number % 100 = 1 THEN 'running'
            WHEN number > $3 * 0.995 AND number % 100 = 2 THEN 'scheduled'
            WHEN number > $3 * 0.995 THEN 'queued'
            WHEN number % 50 = 1 THEN 'failed'
            WHEN number % 500 = 2 THEN 'cancelled'
            WHEN number % 5000 = 4 THEN 'expired'
            ELSE 'succeeded'
        END AS state,
        CASE
            WHEN number % 20000 = 9 THEN ARRAY['{RARE}', 'other']
            WHEN number % 10 = 0 THEN ARRAY['{COMMON}']
            ELSE '{{}}'
        END AS tags,
        now() - interval '80 days' + number * interval '0.5 seconds' AS accepted_at
    FROM generate_series($1::bigint, $2::bigint) AS number
) AS made
"""  # noqa: S608  the words are ours


async def make_past(database: Database, amount: int) -> None:
    """Fill an empty table with so many jobs, in the order of their acceptance, and let PostgreSQL look at it."""
    for first in range(1, amount + 1, _AT_ONCE):
        await database.execute(_JOBS, first, min(first + _AT_ONCE - 1, amount), amount)
    for name in ("jobs", "job_tags"):
        await _vacuum(database, name)


async def _vacuum(database: Database, name: str) -> None:
    """Look at a table until all of it may be read by indexes alone; whatever else runs there may keep it from that."""
    seen = "SELECT relallvisible >= relpages AS is_all FROM pg_class WHERE oid = $1::regclass"
    while True:
        await database.execute(f"VACUUM ANALYZE {name}")
        row = await database.fetch_row(seen, name)
        if row is not None and row["is_all"]:
            return
