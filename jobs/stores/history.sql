-- name: create
WITH wanted AS (
    SELECT row_of.*
    FROM jsonb_to_recordset($1) AS told (id text, "row" text)
    CROSS JOIN jsonb_to_record(told."row"::jsonb) AS row_of (
        id text, task text, queue text, owner text, priority smallint, args jsonb, tags text[], run bigint,
        max_tries integer, timeout_s double precision, accepted_at timestamptz, run_at timestamptz, unique_key text,
        expires_at timestamptz, origin text, use jsonb
    )
    WHERE told."row" IS NOT NULL
),

claimed AS (
    INSERT INTO idempotency_keys (owner, key, print, job_id, accepted_at)
    SELECT owner, use ->> 'key', use ->> 'print', id, accepted_at FROM wanted WHERE use IS NOT NULL
    ORDER BY 1, 2
    ON CONFLICT (owner, key) DO NOTHING
)

INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, run, max_tries, timeout_s, accepted_at, run_at, unique_key,
    expires_at, origin
)
SELECT
    id, task, queue, owner, 'accepted', priority, args, tags, coalesce(run, 1), max_tries, timeout_s, accepted_at, run_at,
    unique_key, expires_at, origin
FROM wanted
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
        -- A run that is new here has nothing of the one before, as in `rerun`.
        tries = coalesce(latest.try, CASE WHEN latest.run = jobs.run THEN jobs.tries ELSE 0 END),
        run_at = CASE WHEN latest.run = jobs.run THEN jobs.run_at END,
        expires_at = CASE WHEN latest.run = jobs.run THEN jobs.expires_at END,
        cancel_requested_at = CASE WHEN latest.run = jobs.run THEN jobs.cancel_requested_at END,
        -- The fence of an end that waited for another try tells only that it had one, and any start outbids that.
        fence = greatest(
            CASE WHEN latest.run = jobs.run THEN jobs.fence ELSE 0 END,
            start.fence,
            CASE WHEN latest.fence > 0 THEN 1 END
        ),
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
        progress = CASE WHEN latest.run > jobs.run OR start.fence > jobs.fence THEN NULL ELSE jobs.progress END,
        result = latest.result::jsonb,
        error = CASE
            WHEN latest.run > jobs.run OR judgement.id IS NOT NULL THEN judgement.error
            ELSE jobs.error
        END
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
    RETURNING jobs.id, jobs.run, jobs.batch_id, latest.is_end
),

batched AS (
    SELECT batch_id, array_agg(id) FILTER (WHERE run > 1) AS again
    FROM applied
    WHERE batch_id IS NOT NULL AND (is_end OR run > 1)
    GROUP BY batch_id
),

-- In one order, whoever writes: so nobody waits for one who waits for him.
touched AS (
    SELECT batches.id FROM batches
    INNER JOIN batched ON batches.id = batched.batch_id
    WHERE
        batches.finished_at IS NULL
        -- A batch that has ended has a member do something: it was accepted once more, and `rerun` was lost.
        OR array_remove(batched.again, batches.on_complete_job_id) <> '{}'
    ORDER BY batches.id
    FOR UPDATE OF batches
),

stirred AS (
    UPDATE batches SET stirred = true, finished_at = NULL, counts = NULL FROM touched WHERE batches.id = touched.id
)

-- is_late: whether starts are told that this has not written, since what came after them was known.
SELECT
    EXISTS (SELECT FROM start WHERE at IS NOT NULL AND id NOT IN (SELECT id FROM applied)) AS is_late,
    ARRAY(
        SELECT id FROM latest
        WHERE id NOT IN (SELECT id FROM applied) AND NOT EXISTS (SELECT FROM jobs WHERE jobs.id = latest.id)
    ) AS missing;

-- name: bury_event
INSERT INTO dead_events (told, reason) VALUES ($1, $2);
