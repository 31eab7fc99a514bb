-- A page is made of a look, which goes so far by one index, newest first, and of `page`, which picks from that what fits. An
-- index has the jobs of a state side by side, by their time: a look merges these runs. Those of an owner or a task are
-- made of parts, of which a list has what its states need (jobs.stores.listing): `ended`, and what waits, or else `moving`.
-- What a look is sure of is not tried again; `is_sure` says that of all for which the job would have to be read.
-- $1 states, those first of which there are most, $2 and $3 the place to begin after, $4 the earliest acceptance, $5 how
-- many to look at, $6 owner, $7 task, $8 queue, $9 tag (each NULL for any), $10 how many to pick, $11 and $12 the pairs of
-- queue and task (by_task), $11 the batch (by_batch).
-- `enough` is when the first of the states has filled a page: what is older is not read of the others.

-- name: by_state
enough AS (
    SELECT accepted_at AS since
    FROM jobs
    WHERE
        state = ($1::text[])[1] AND state <> 'accepted'
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
    ORDER BY accepted_at DESC, id DESC
    LIMIT 1 OFFSET $5 - 1
),

looked AS (
    SELECT
        either.*,
        $6::text AS owner,
        $7::text AS task,
        $8::text AS queue,
        NULL::text AS state,
        true AS is_sure
    FROM (
        SELECT run.*
        FROM unnest($1::text[]) AS wanted (state)
        CROSS JOIN LATERAL (
            SELECT id, accepted_at
            FROM jobs
            WHERE
                jobs.state = wanted.state AND jobs.state <> 'accepted'
                AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
            ORDER BY accepted_at DESC, id DESC
            LIMIT $5
        ) AS run
        UNION ALL
        SELECT *
        FROM (
            SELECT id, accepted_at
            FROM jobs
            WHERE
                state = 'accepted' AND 'accepted' = ANY ($1)
                AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
            ORDER BY accepted_at DESC, id DESC
            LIMIT $5
        ) AS accepted
    ) AS either
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
)

-- name: by_owner
enough AS (
    SELECT accepted_at AS since
    FROM jobs
    WHERE
        owner = $6 AND state = ($1::text[])[1] AND finished_at IS NOT NULL
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
    ORDER BY accepted_at DESC, id DESC
    LIMIT 1 OFFSET $5 - 1
)

-- name: ended_by_owner
SELECT run.*
FROM unnest($1::text[]) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT id, accepted_at, owner, task, queue, jobs.state
    FROM jobs
    WHERE
        owner = $6 AND jobs.state = wanted.state AND finished_at IS NOT NULL
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS run
WHERE wanted.state IN ('succeeded', 'failed', 'cancelled', 'expired')

-- name: waiting_by_owner
SELECT *
FROM (
    SELECT id, accepted_at, owner, task, queue, state
    FROM jobs
    WHERE
        owner = $6 AND finished_at IS NULL
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS unfinished

-- Before these very many may wait of an owner or a task, and of these all together have few.
-- name: moving
SELECT run.*
FROM unnest($1::text[]) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT id, accepted_at, owner, task, queue, jobs.state
    FROM jobs
    WHERE
        jobs.state = wanted.state AND jobs.state <> 'accepted'
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS run
WHERE wanted.state IN ('running', 'retrying', 'scheduled')

-- name: by_task
enough AS (
    SELECT max(run.accepted_at) AS since
    FROM unnest($11::text[], $12::text[]) AS pair (queue, task)
    CROSS JOIN LATERAL (
        SELECT accepted_at
        FROM jobs
        WHERE
            jobs.queue = pair.queue AND jobs.task = pair.task AND state = ($1::text[])[1] AND finished_at IS NOT NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT 1 OFFSET $5 - 1
    ) AS run
)

-- name: ended_by_task
SELECT run.*
FROM unnest($11::text[], $12::text[]) AS pair (queue, task)
CROSS JOIN unnest($1::text[]) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT id, accepted_at, $6::text AS owner, jobs.task, jobs.queue, jobs.state
    FROM jobs
    WHERE
        jobs.queue = pair.queue AND jobs.task = pair.task AND jobs.state = wanted.state AND finished_at IS NOT NULL
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS run
WHERE wanted.state IN ('succeeded', 'failed', 'cancelled', 'expired')

-- name: waiting_by_task
SELECT unfinished.*
FROM unnest($11::text[], $12::text[]) AS pair (queue, task)
CROSS JOIN LATERAL (
    SELECT id, accepted_at, $6::text AS owner, jobs.task, jobs.queue, state
    FROM jobs
    WHERE
        jobs.queue = pair.queue AND jobs.task = pair.task AND finished_at IS NULL
        AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, (SELECT since FROM enough))
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS unfinished

-- name: merged
looked AS (
    SELECT *, true AS is_sure
    FROM either
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
)

-- name: by_batch
looked AS (
    SELECT run.*, NULL::text AS state, $9::text IS NULL AS is_sure
    FROM unnest($1::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, owner, task, queue
        FROM jobs
        WHERE batch_id = $11 AND jobs.state = wanted.state AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS run
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
)

-- name: by_tag
looked AS (
    SELECT
        id,
        accepted_at,
        owner,
        $7::text AS task,
        $8::text AS queue,
        NULL::text AS state,
        cardinality($1::text[]) = 9 AND $7::text IS NULL AND $8::text IS NULL AS is_sure
    FROM job_tags
    WHERE tag = $9 AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
)

-- name: page
SELECT job.*, picked.fits, picked.is_last
FROM (
    SELECT *
    FROM (
        SELECT
            id,
            accepted_at,
            row_number() OVER (ORDER BY accepted_at DESC, id DESC) = $5 AS is_last,
            ($6::text IS NULL OR owner = $6)
            AND ($7::text IS NULL OR task = $7)
            AND ($8::text IS NULL OR queue = $8)
            AND (state IS NULL OR state = ANY ($1))
            AND (
                is_sure
                OR (
                    SELECT
                        jobs.state = ANY ($1)
                        AND ($7::text IS NULL OR jobs.task = $7)
                        AND ($8::text IS NULL OR jobs.queue = $8)
                        AND ($9::text IS NULL OR $9 = ANY (jobs.tags))
                    FROM jobs
                    WHERE jobs.id = looked.id
                )
            ) AS fits
        FROM looked
    ) AS tried
    WHERE fits OR is_last
    ORDER BY accepted_at DESC, id DESC
    LIMIT $10
) AS picked
CROSS JOIN LATERAL (SELECT * FROM jobs WHERE jobs.id = picked.id LIMIT 1) AS job
ORDER BY picked.accepted_at DESC, picked.id DESC

-- name: queues
WITH RECURSIVE ended AS (
    (SELECT queue FROM jobs WHERE finished_at IS NOT NULL ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (
        SELECT jobs.queue
        FROM jobs
        WHERE finished_at IS NOT NULL AND jobs.queue > ended.queue
        ORDER BY jobs.queue
        LIMIT 1
    )
    FROM ended
    WHERE ended.queue IS NOT NULL
),

unfinished AS (
    (SELECT queue FROM jobs WHERE finished_at IS NULL ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (
        SELECT jobs.queue
        FROM jobs
        WHERE finished_at IS NULL AND jobs.queue > unfinished.queue
        ORDER BY jobs.queue
        LIMIT 1
    )
    FROM unfinished
    WHERE unfinished.queue IS NOT NULL
)

SELECT queue FROM (TABLE ended UNION TABLE unfinished) AS known WHERE queue IS NOT NULL;

-- name: tasks
WITH RECURSIVE ended AS (
    (SELECT task FROM jobs WHERE finished_at IS NOT NULL AND queue = $1 ORDER BY task LIMIT 1)
    UNION ALL
    SELECT (
        SELECT jobs.task
        FROM jobs
        WHERE finished_at IS NOT NULL AND jobs.queue = $1 AND jobs.task > ended.task
        ORDER BY jobs.task
        LIMIT 1
    )
    FROM ended
    WHERE ended.task IS NOT NULL
),

unfinished AS (
    (SELECT task FROM jobs WHERE finished_at IS NULL AND queue = $1 ORDER BY task LIMIT 1)
    UNION ALL
    SELECT (
        SELECT jobs.task
        FROM jobs
        WHERE finished_at IS NULL AND jobs.queue = $1 AND jobs.task > unfinished.task
        ORDER BY jobs.task
        LIMIT 1
    )
    FROM unfinished
    WHERE unfinished.task IS NOT NULL
)

SELECT task FROM (TABLE ended UNION TABLE unfinished) AS known WHERE task IS NOT NULL;
