-- name: insert
WITH wanted AS (
    SELECT *
    FROM jsonb_to_recordset($1) AS told (
        id text, task text, queue text, owner text, priority smallint, args jsonb, tags text[], max_tries integer,
        timeout_s double precision, run_at timestamptz, delay_s double precision, unique_key text,
        expires_in_s double precision, use jsonb
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
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at, unique_key, expires_at
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
    now() + make_interval(secs => expires_in_s)
FROM wanted
WHERE use IS NULL OR use = 'null' OR id IN (SELECT job_id FROM claimed)
RETURNING id, accepted_at, run_at, expires_at;

-- name: get
SELECT * FROM jobs WHERE id = $1 AND ($2::text IS NULL OR owner = $2);

-- name: unfinished_of
SELECT owner, count(*) AS amount FROM jobs WHERE owner = ANY ($1) AND finished_at IS NULL GROUP BY owner;

-- name: use_of
SELECT print, job_id FROM idempotency_keys
WHERE owner = $1 AND key = $2 AND accepted_at >= now() - interval '24 hours';

-- name: drop_old_keys
DELETE FROM idempotency_keys
WHERE (owner, key) IN (
    SELECT owner, key FROM idempotency_keys
    WHERE accepted_at < now() - interval '24 hours'
    ORDER BY accepted_at
    LIMIT 5
    FOR UPDATE SKIP LOCKED
);

-- name: mark_enqueued
UPDATE jobs
SET state = CASE WHEN run_at > now() THEN 'scheduled' ELSE 'queued' END
WHERE id = ANY ($1) AND state = 'accepted';

-- name: not_enqueued
SELECT * FROM jobs
WHERE state = 'accepted' AND cancel_requested_at IS NULL AND accepted_at < now() - make_interval(secs => $1)
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
    cancel_requested_at < now() - make_interval(secs => $1) AND finished_at IS NULL
    AND (cancel_requested_at, id) > ($2, $3)
ORDER BY cancel_requested_at, id
LIMIT $4;

-- name: unfinished
SELECT * FROM jobs
WHERE
    finished_at IS NULL AND (owner, accepted_at, id) > ($1, $2, $3)
    AND accepted_at <= now() - make_interval(secs => $4)
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

-- name: add_found
INSERT INTO jobs (
    id, run, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, run_at, expires_at,
    unique_key
)
VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, '{}', $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO NOTHING;

-- name: drop_ended
WITH old AS (
    SELECT id FROM jobs
    WHERE finished_at < now() - make_interval(days => $1)
    ORDER BY finished_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
),

tried AS (DELETE FROM tries WHERE job_id IN (SELECT id FROM old))

DELETE FROM jobs WHERE id IN (SELECT id FROM old) RETURNING id;

-- name: bury_event
INSERT INTO dead_events (told, reason) VALUES ($1, $2);

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
        error = NULL
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

-- name: create
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, run_at, unique_key,
    expires_at
)
SELECT
    wanted.id, task, queue, owner, 'accepted', priority, args, tags, max_tries, timeout_s, accepted_at, run_at, unique_key,
    expires_at
FROM jsonb_to_recordset($1) AS told (id text, "row" text)
CROSS JOIN jsonb_to_record(told."row"::jsonb) AS wanted (
    id text, task text, queue text, owner text, priority smallint, args jsonb, tags text[], max_tries integer,
    timeout_s double precision, accepted_at timestamptz, run_at timestamptz, unique_key text, expires_at timestamptz
)
WHERE told."row" IS NOT NULL
ON CONFLICT (id) DO NOTHING;

-- name: apply
WITH event AS (
    SELECT
        *,
        state IN ('succeeded', 'failed', 'cancelled', 'expired') AS is_end,
        -- The start that it tells of; not that of a try which was over before.
        CASE
            WHEN state = 'running' THEN coalesce(fence, v)
            WHEN state = 'succeeded' OR "over" IS NOT NULL THEN fence
        END AS start_fence,
        CASE WHEN state = 'running' THEN at ELSE began END AS start_at
    FROM jsonb_to_recordset($1) AS told (
        id text, run bigint, v bigint, state text, at bigint, try integer, fence bigint, error text, result text,
        worker text, "over" text, began bigint
    )
),

latest AS (
    SELECT DISTINCT ON (id) * FROM event ORDER BY id, run DESC, is_end DESC, CASE WHEN is_end THEN -v ELSE v END DESC
),

start AS (
    SELECT DISTINCT ON (id, run) id, run, start_fence AS fence, to_timestamp(start_at / 1000.0) AS at, worker
    FROM event
    WHERE start_fence IS NOT NULL
    ORDER BY id, run, start_fence DESC, start_at, worker
),

judgement AS (
    SELECT DISTINCT ON (id, run) id, run, error::jsonb AS error
    FROM event
    WHERE is_end OR state = 'retrying'
    ORDER BY id, run, is_end DESC, CASE WHEN is_end THEN -v ELSE v END DESC
),

applied AS (
    UPDATE jobs
    SET
        run = latest.run,
        version = greatest(jobs.version, latest.v),
        state = latest.state,
        tries = coalesce(latest.try, jobs.tries),
        -- The fence of an end that waited for another try tells only that it had one, and any start outbids that.
        fence = greatest(jobs.fence, start.fence, CASE WHEN latest.fence > 0 THEN 1 END),
        started_at = CASE
            WHEN latest.run > jobs.run OR start.fence > jobs.fence THEN start.at
            WHEN start.fence = jobs.fence THEN least(jobs.started_at, start.at)
            ELSE jobs.started_at
        END,
        worker = CASE
            WHEN latest.run > jobs.run OR start.fence > jobs.fence THEN start.worker
            WHEN start.fence = jobs.fence THEN coalesce(jobs.worker, start.worker)
            ELSE jobs.worker
        END,
        finished_at = CASE WHEN latest.is_end THEN to_timestamp(latest.at / 1000.0) END,
        progress = CASE WHEN start.fence > jobs.fence THEN NULL ELSE jobs.progress END,
        result = latest.result::jsonb,
        error = CASE WHEN judgement.id IS NULL THEN jobs.error ELSE judgement.error END
    FROM latest
    LEFT JOIN start ON latest.id = start.id AND latest.run = start.run
    LEFT JOIN judgement ON latest.id = judgement.id AND latest.run = judgement.run
    WHERE
        jobs.id = latest.id
        AND (
            latest.run > jobs.run
            OR (
                latest.run = jobs.run
                AND jobs.finished_at IS NULL
                AND (latest.is_end OR latest.v > jobs.version)
            )
        )
    RETURNING jobs.id, jobs.batch_id, latest.is_end
),

-- In one order, whoever writes: so nobody waits for one who waits for him.
touched AS (
    SELECT id FROM batches
    WHERE id IN (SELECT batch_id FROM applied WHERE is_end AND batch_id IS NOT NULL) AND finished_at IS NULL
    ORDER BY id
    FOR UPDATE
),

stirred AS (
    UPDATE batches SET stirred = true FROM touched WHERE batches.id = touched.id
)

-- Whether starts are told that this has not written, since what came after them was known.
SELECT EXISTS (SELECT FROM start WHERE at IS NOT NULL AND id NOT IN (SELECT id FROM applied)) AS is_late;
