-- name: insert
WITH wanted AS (
    SELECT *
    FROM jsonb_to_recordset($1) AS told (
        id text, task text, queue text, owner text, priority smallint, args jsonb, tags text[], max_tries integer,
        timeout_s double precision, run_at timestamptz, delay_s double precision, unique_key text,
        expires_in_s double precision, use jsonb, origin text
    )
),

claimed AS (
    INSERT INTO idempotency_keys AS held (owner, key, print, job_id)
    SELECT owner, use ->> 'key', use ->> 'print', id FROM wanted WHERE use IS NOT NULL AND use <> 'null'
    ORDER BY 1, 2
    ON CONFLICT (owner, key) DO UPDATE
    SET print = excluded.print, job_id = excluded.job_id, accepted_at = now()
    WHERE held.accepted_at < now() - interval '24 hours'
    RETURNING job_id
)

INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at, unique_key, expires_at,
    origin
)
SELECT
    id,
    task,
    queue,
    owner,
    'accepted',
    priority,
    args,
    tags,
    max_tries,
    timeout_s,
    coalesce(run_at, now() + make_interval(secs => delay_s)),
    unique_key,
    now() + make_interval(secs => expires_in_s),
    origin
FROM wanted
WHERE
    use IS NULL OR use = 'null'
    -- It may be here by way of Redis, which alone had taken it and its key.
    OR (id IN (SELECT job_id FROM claimed) AND NOT EXISTS (SELECT FROM jobs AS known WHERE known.id = wanted.id))
RETURNING id, accepted_at, run_at, expires_at;

-- name: get
SELECT * FROM jobs WHERE id = $1 AND ($2::text IS NULL OR owner = $2);

-- name: unfinished_of
SELECT owner, count(*) AS amount FROM jobs WHERE owner = ANY ($1) AND finished_at IS NULL GROUP BY owner;

-- name: use_of
SELECT print, job_id FROM idempotency_keys
WHERE owner = $1 AND key = $2 AND accepted_at >= now() - interval '24 hours';

-- name: uses_of
-- A key is of the same moment as its job: so the index of ages finds it.
SELECT
    held.owner,
    held.key,
    held.print,
    held.job_id,
    ceil(extract(EPOCH FROM held.accepted_at + interval '24 hours' - now()) * 1000)::bigint AS left_ms
FROM jobs
INNER JOIN idempotency_keys AS held ON jobs.accepted_at = held.accepted_at AND jobs.id = held.job_id
WHERE jobs.id = ANY ($1) AND held.accepted_at > now() - interval '24 hours';

-- name: drop_old_keys
DELETE FROM idempotency_keys
WHERE (owner, key) IN (
    SELECT owner, key FROM idempotency_keys
    WHERE accepted_at < now() - interval '24 hours'
    ORDER BY accepted_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING job_id;

-- name: mark_enqueued
UPDATE jobs
SET state = CASE WHEN run_at > now() THEN 'scheduled' ELSE 'queued' END
WHERE id = ANY ($1) AND state = 'accepted';

-- name: not_enqueued
SELECT * FROM jobs
WHERE
    state = 'accepted' AND cancel_requested_at IS NULL
    -- A clock that has since been set back may have written a time that is to come yet.
    AND (accepted_at <= now() - make_interval(secs => $1) OR accepted_at >= now() + make_interval(secs => $1))
ORDER BY accepted_at
LIMIT $2;

-- name: of_name
SELECT * FROM jobs WHERE task = $1 AND owner = $2 AND unique_key = $3 AND finished_at IS NULL LIMIT 1;

-- name: withdraw
WITH gone AS (DELETE FROM jobs WHERE id = $1 AND state = 'accepted' AND run = 1 RETURNING id)

DELETE FROM idempotency_keys WHERE job_id IN (SELECT id FROM gone);

-- name: supersede
WITH lost AS (
    UPDATE jobs
    SET state = 'cancelled', finished_at = now(), error = $3
    WHERE id = $1 AND run = $2 AND state = 'accepted'
    RETURNING batch_id
)

UPDATE batches SET stirred = true FROM lost WHERE batches.id = lost.batch_id AND batches.finished_at IS NULL;

-- name: want_cancelled
UPDATE jobs
SET cancel_requested_at = coalesce(cancel_requested_at, now())
WHERE id = $1 AND ($2::text IS NULL OR owner = $2) AND finished_at IS NULL
RETURNING *, cancel_requested_at = now() AS is_new;

-- name: cancel_wanted
SELECT * FROM jobs
WHERE
    finished_at IS NULL
    AND (
        cancel_requested_at <= now() - make_interval(secs => $1)
        OR cancel_requested_at >= now() + make_interval(secs => $1)
    )
    AND (cancel_requested_at, id) > ($2, $3)
ORDER BY cancel_requested_at, id
LIMIT $4;

-- name: unfinished
SELECT * FROM jobs
WHERE
    finished_at IS NULL AND (owner, accepted_at, id) > ($1, $2, $3)
    AND (accepted_at <= now() - make_interval(secs => $4) OR accepted_at >= now() + make_interval(secs => $4))
ORDER BY owner, accepted_at, id
LIMIT $5;

-- name: first_unfinished
SELECT * FROM jobs
WHERE finished_at IS NULL AND ($1::text IS NULL OR owner = $1)
ORDER BY owner, accepted_at, id
LIMIT $2;

-- name: owners_of
SELECT id, owner FROM jobs WHERE id = ANY ($1);

-- name: still_unfinished
SELECT * FROM jobs WHERE id = ANY ($1) AND finished_at IS NULL;

-- name: ended_since
SELECT id, run, state, finished_at FROM jobs
WHERE finished_at IS NOT NULL AND (finished_at, id) > ($1, $2)
ORDER BY finished_at, id
LIMIT $3;

-- name: runs_of
SELECT id, run FROM jobs WHERE id = ANY ($1);

-- name: drop_ended
WITH old AS (
    SELECT id FROM jobs
    WHERE
        finished_at < now() - make_interval(days => $1)
        -- An open batch has to count them yet.
        AND NOT EXISTS (SELECT FROM batches WHERE batches.id = jobs.batch_id AND batches.finished_at IS NULL)
    ORDER BY finished_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
),

tried AS (DELETE FROM tries WHERE job_id IN (SELECT id FROM old))

DELETE FROM jobs WHERE id IN (SELECT id FROM old) RETURNING id;

-- name: rerun
WITH again AS (
    UPDATE jobs
    SET
        run = jobs.run + 1,
        state = 'accepted',
        tries = 0,
        run_at = NULL,
        started_at = NULL,
        worker = NULL,
        finished_at = NULL,
        expires_at = NULL,
        cancel_requested_at = NULL,
        progress = NULL,
        result = NULL,
        error = NULL,
        origin = coalesce($4, origin)
    -- has_ended: Redis has proved that this run has ended badly, which the history may not have written yet; it comes too
    -- late then.
    FROM unnest($1::text[], $2::bigint[], $3::boolean[]) AS ended (id, run, has_ended)
    WHERE
        jobs.id = ended.id AND jobs.run = ended.run
        AND (jobs.state IN ('failed', 'cancelled', 'expired') OR (ended.has_ended AND jobs.finished_at IS NULL))
    RETURNING jobs.*
),

-- In one order, as in `apply`.
touched AS (
    SELECT batches.id FROM batches
    INNER JOIN again ON batches.id = again.batch_id AND again.id IS DISTINCT FROM batches.on_complete_job_id
    ORDER BY batches.id
    FOR UPDATE OF batches
),

reopened AS (
    UPDATE batches SET finished_at = NULL, counts = NULL FROM touched WHERE batches.id = touched.id
)

SELECT * FROM again ORDER BY id;

-- name: progress
UPDATE jobs
SET
    progress = $3,
    fence = $2,
    started_at = CASE WHEN fence = $2 THEN started_at END,
    worker = CASE WHEN fence = $2 THEN worker END
WHERE id = $1 AND fence <= $2 AND finished_at IS NULL;
