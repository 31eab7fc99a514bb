-- name: begin
WITH event AS (
    SELECT
        *,
        CASE WHEN state = 'running' THEN coalesce(fence, v) ELSE fence END AS start_fence,
        CASE WHEN state = 'running' THEN at ELSE began END AS start_at
    FROM jsonb_to_recordset($1) AS told (
        id text, run bigint, v bigint, state text, at bigint, fence bigint, worker text, "over" text, began bigint
    )
    WHERE state = 'running' OR "over" IS NOT NULL
),

start AS (
    SELECT DISTINCT ON (id, run) id, run, start_fence AS fence, to_timestamp(start_at / 1000.0) AS at, worker
    FROM event
    ORDER BY id, run, start_fence DESC, start_at, worker
)

UPDATE jobs
SET
    fence = start.fence,
    started_at = CASE WHEN start.fence > jobs.fence THEN start.at ELSE least(jobs.started_at, start.at) END,
    worker = CASE WHEN start.fence > jobs.fence THEN start.worker ELSE coalesce(jobs.worker, start.worker) END
FROM start
WHERE
    jobs.id = start.id
    AND jobs.run = start.run
    AND (
        start.fence > jobs.fence
        OR (
            start.fence = jobs.fence
            AND (
                start.at < jobs.started_at
                OR (jobs.started_at IS NULL AND start.at IS NOT NULL)
                OR (jobs.worker IS NULL AND start.worker IS NOT NULL)
            )
        )
    );

-- name: close
WITH told AS (
    SELECT
        *,
        min(began) OVER same AS first_began,
        max(worker) OVER same AS any_worker
    FROM jsonb_to_recordset($1) AS event (
        id text, run bigint, v bigint, at bigint, try integer, fence bigint, "over" text, worker text, began bigint,
        error text, traceback text
    )
    WHERE "over" IS NOT NULL
    WINDOW same AS (PARTITION BY id, run, fence)
)

INSERT INTO tries AS known (
    job_id, run, fence, try, worker, began_at, ended_at, outcome, error, traceback, version
)
SELECT DISTINCT ON (told.id, told.run, told.fence)
    told.id,
    told.run,
    told.fence,
    -- What was lost or handed back does not count; the number told is the one that is left.
    told.try + (told."over" IN ('lost', 'handed_back'))::integer,
    told.any_worker,
    to_timestamp(told.first_began / 1000.0),
    to_timestamp(told.at / 1000.0),
    told."over",
    told.error::jsonb,
    told.traceback,
    told.v
FROM told
INNER JOIN jobs ON told.id = jobs.id
ORDER BY told.id, told.run, told.fence, told.v DESC
ON CONFLICT (job_id, run, fence) DO UPDATE
SET
    worker = coalesce(known.worker, excluded.worker),
    began_at = least(known.began_at, excluded.began_at),
    try = CASE WHEN excluded.version > known.version THEN excluded.try ELSE known.try END,
    ended_at = CASE WHEN excluded.version > known.version THEN excluded.ended_at ELSE known.ended_at END,
    outcome = CASE WHEN excluded.version > known.version THEN excluded.outcome ELSE known.outcome END,
    error = CASE WHEN excluded.version > known.version THEN excluded.error ELSE known.error END,
    traceback = CASE WHEN excluded.version > known.version THEN excluded.traceback ELSE known.traceback END,
    version = greatest(known.version, excluded.version)
WHERE
    excluded.version > known.version
    OR excluded.began_at < known.began_at
    OR (known.began_at IS NULL AND excluded.began_at IS NOT NULL)
    OR (known.worker IS NULL AND excluded.worker IS NOT NULL);

-- name: of
SELECT * FROM tries WHERE job_id = $1 ORDER BY run DESC, fence DESC LIMIT $2;
