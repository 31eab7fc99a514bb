-- name: insert
WITH claimed AS (
    INSERT INTO idempotency_keys AS held (owner, key, print, job_id)
    SELECT $2, $11, $12, $1 WHERE $11::text IS NOT NULL
    ON CONFLICT (owner, key) DO UPDATE
    SET print = excluded.print, job_id = excluded.job_id, accepted_at = now()
    WHERE held.accepted_at < now() - interval '24 hours'
    RETURNING job_id
),

batch AS (
    INSERT INTO batches (id, owner, name, total, on_complete, on_complete_job_id)
    SELECT $1, $2, $3, cardinality($7::text[]), $4, $5
    WHERE $11::text IS NULL OR EXISTS (SELECT FROM claimed)
    RETURNING id, owner, created_at
),

terms AS (
    SELECT *
    FROM ROWS FROM (
        jsonb_to_recordset($6) AS (
            task text, queue text, priority smallint, tags text[], max_tries integer, timeout_s double precision,
            run_at timestamptz, delay_s double precision, expires_in_s double precision, origin text
        )
    ) WITH ORDINALITY AS told (
        task, queue, priority, tags, max_tries, timeout_s, run_at, delay_s, expires_in_s, origin, place
    )
),

stored AS (
    INSERT INTO jobs (
        id, batch_id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, run_at,
        unique_key, expires_at, origin
    )
    SELECT
        member.id,
        batch.id,
        task,
        queue,
        owner,
        'accepted',
        priority,
        member.args::jsonb,
        tags,
        max_tries,
        timeout_s,
        created_at,
        coalesce(run_at, created_at + make_interval(secs => delay_s)),
        member.unique_key,
        created_at + make_interval(secs => expires_in_s),
        origin
    FROM batch
    CROSS JOIN unnest($7::text[], $8::bigint[], $9::text[], $10::text[]) AS member (id, place, args, unique_key)
    INNER JOIN terms ON member.place = terms.place
    -- Ids rise: so each index grows at one end.
    ORDER BY member.id
)

SELECT created_at FROM batch;

-- name: get_all
SELECT
    batches.id,
    batches.owner,
    batches.name,
    batches.total,
    batches.created_at,
    batches.finished_at,
    batches.on_complete_job_id,
    coalesce(batches.counts, members.counts, '{}') AS counts
FROM batches
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(tally.state, tally.amount) AS counts
    FROM (
        SELECT jobs.state, count(*) AS amount FROM jobs
        WHERE jobs.batch_id = batches.id AND jobs.id IS DISTINCT FROM batches.on_complete_job_id
        GROUP BY jobs.state
    ) AS tally
) AS members ON batches.counts IS NULL
WHERE batches.id = ANY ($1);

-- Ids rise with time.
-- name: newest
SELECT id, created_at FROM batches WHERE id < $1 ORDER BY id DESC LIMIT $2;

-- name: newest_of
SELECT id, created_at FROM batches WHERE owner = $3 AND id < $1 ORDER BY id DESC LIMIT $2;

-- name: members
SELECT jobs.id FROM jobs
INNER JOIN batches ON jobs.batch_id = batches.id
WHERE jobs.batch_id = $1 AND jobs.id IS DISTINCT FROM batches.on_complete_job_id;

-- name: first_unfinished
SELECT jobs.* FROM jobs
INNER JOIN batches ON jobs.batch_id = batches.id
WHERE
    jobs.batch_id = $1 AND jobs.state IN ('accepted', 'scheduled', 'queued', 'running', 'retrying')
    AND jobs.id IS DISTINCT FROM batches.on_complete_job_id
ORDER BY jobs.id
LIMIT $2;

-- name: supersede
WITH lost AS (
    UPDATE jobs SET state = 'cancelled', finished_at = now(), error = told.error
    FROM jsonb_to_recordset($2) AS told (id text, error jsonb)
    WHERE jobs.id = told.id AND jobs.batch_id = $1 AND jobs.state = 'accepted'
    RETURNING jobs.id
)

UPDATE batches SET stirred = true WHERE id = $1 AND finished_at IS NULL AND EXISTS (SELECT FROM lost);

-- name: want_cancelled
WITH wanted AS (
    SELECT jobs.id, jobs.cancel_requested_at IS NULL AS is_new FROM jobs
    INNER JOIN batches ON jobs.batch_id = batches.id
    WHERE
        jobs.batch_id = $1 AND jobs.state IN ('accepted', 'scheduled', 'queued', 'running', 'retrying')
        AND jobs.id IS DISTINCT FROM batches.on_complete_job_id
    ORDER BY jobs.id
    FOR UPDATE OF jobs
)

UPDATE jobs SET cancel_requested_at = coalesce(cancel_requested_at, now())
FROM wanted
WHERE jobs.id = wanted.id
RETURNING jobs.id, jobs.run, wanted.is_new;

-- name: ended_badly
SELECT jobs.* FROM jobs
INNER JOIN batches ON jobs.batch_id = batches.id
WHERE
    jobs.batch_id = $1 AND jobs.state IN ('failed', 'cancelled', 'expired')
    AND jobs.id IS DISTINCT FROM batches.on_complete_job_id
ORDER BY jobs.id;

-- name: are_stirred
SELECT FROM batches WHERE stirred AND finished_at IS NULL LIMIT 1;

-- name: stirred
SELECT id FROM batches WHERE stirred AND finished_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED;

-- name: close
WITH looked AS (
    SELECT
        batches.id,
        batches.on_complete,
        batches.on_complete_job_id,
        EXISTS (
            SELECT FROM jobs
            WHERE
                jobs.batch_id = batches.id
                AND jobs.state IN ('accepted', 'scheduled', 'queued', 'running', 'retrying')
                AND jobs.id IS DISTINCT FROM batches.on_complete_job_id
        ) AS is_open
    FROM batches
    WHERE batches.id = ANY ($1)
),

ended AS (
    SELECT looked.id, coalesce(tally.counts, '{}') AS counts, coalesce(tally.finished_at, now()) AS finished_at
    FROM looked
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(state, amount) AS counts, max(last_at) AS finished_at
        FROM (
            SELECT jobs.state, count(*) AS amount, max(jobs.finished_at) AS last_at FROM jobs
            WHERE jobs.batch_id = looked.id AND jobs.id IS DISTINCT FROM looked.on_complete_job_id
            GROUP BY jobs.state
        ) AS by_state
    ) AS tally
    WHERE NOT looked.is_open
),

closed AS (
    UPDATE batches
    SET
        stirred = false,
        finished_at = ended.finished_at,
        counts = ended.counts,
        on_complete = CASE WHEN ended.id IS NULL THEN batches.on_complete END
    FROM looked
    LEFT JOIN ended ON looked.id = ended.id
    WHERE batches.id = looked.id
),

made AS (
    INSERT INTO jobs (
        id, batch_id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at, expires_at,
        origin
    )
    SELECT
        told.id,
        looked.id,
        told.task,
        told.queue,
        told.owner,
        'accepted',
        told.priority,
        told.args,
        told.tags,
        told.max_tries,
        told.timeout_s,
        coalesce(told.run_at, now() + make_interval(secs => told.delay_s)),
        now() + make_interval(secs => told.expires_in_s),
        told.origin
    FROM looked
    CROSS JOIN jsonb_to_record(looked.on_complete) AS told (
        id text, task text, queue text, owner text, priority smallint, args jsonb, tags text[], max_tries integer,
        timeout_s double precision, run_at timestamptz, delay_s double precision, expires_in_s double precision,
        origin text
    )
    WHERE NOT looked.is_open AND looked.on_complete IS NOT NULL
    ON CONFLICT (id) DO NOTHING
    RETURNING *
)

SELECT * FROM made;

-- name: drop_old
DELETE FROM batches
WHERE
    id IN (
        SELECT id FROM batches
        WHERE
            finished_at < now() - make_interval(days => $1)
            AND NOT EXISTS (SELECT FROM jobs WHERE jobs.batch_id = batches.id)
        ORDER BY finished_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
    );
