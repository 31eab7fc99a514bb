-- name: insert
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at)
VALUES ($1, $2, $3, $4, 'accepted', $5, $6, $7, $8, $9, coalesce($10, now() + make_interval(secs => $11)))
RETURNING *;

-- name: get
SELECT * FROM jobs WHERE id = $1 AND ($2::text IS NULL OR owner = $2);

-- name: mark_enqueued
UPDATE jobs
SET state = CASE WHEN run_at > now() THEN 'scheduled' ELSE 'queued' END
WHERE id = ANY ($1) AND state = 'accepted';

-- name: not_enqueued
SELECT * FROM jobs
WHERE state = 'accepted' AND accepted_at < now() - make_interval(secs => $1)
ORDER BY accepted_at
LIMIT $2;

-- name: progress
UPDATE jobs SET progress = $3, fence = $2 WHERE id = $1 AND fence <= $2 AND finished_at IS NULL;

-- name: apply
WITH event AS (
    SELECT *, state IN ('succeeded', 'failed', 'cancelled', 'expired') AS is_end
    FROM jsonb_to_recordset($1) AS told (
        id text, run bigint, v bigint, state text, at bigint, try integer, fence bigint, error text, result text
    )
),

latest AS (
    SELECT DISTINCT ON (id) * FROM event ORDER BY id, run DESC, is_end DESC, v DESC
),

start AS (
    SELECT DISTINCT ON (id, run) id, run, coalesce(fence, v) AS fence, at
    FROM event
    WHERE state = 'running'
    ORDER BY id, run, v DESC
),

judgement AS (
    SELECT DISTINCT ON (id, run) id, run, error::jsonb AS error
    FROM event
    WHERE is_end OR state = 'retrying'
    ORDER BY id, run, is_end DESC, v DESC
)

UPDATE jobs
SET
    run = latest.run,
    version = greatest(jobs.version, latest.v),
    state = latest.state,
    tries = coalesce(latest.try, jobs.tries),
    fence = greatest(jobs.fence, start.fence),
    started_at = coalesce(to_timestamp(start.at / 1000.0), jobs.started_at),
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
    );
