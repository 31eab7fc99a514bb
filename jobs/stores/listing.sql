-- A page is made of three parts: `unfinished`, what has not ended; a look, which goes so far by one index, newest first;
-- and `page`, which picks from that what fits. What a look does not ask for is tried there. What has not ended is tried
-- at once, and all of an owner's read for that at worst; that of a task or a queue has an index of its own.
-- $1 states, $2 and $3 the place to begin after, $4 the earliest acceptance, $5 how many to look at, $6 owner, $7 task,
-- $8 queue, $9 tag (each NULL for any), $10 how many to pick, $11 and $12 the pairs of queue and task (by_task), $11 the
-- batch (by_batch): that is read whole, ten thousand jobs at most, for each page.

-- name: unfinished
holder AS (
    SELECT
        CASE
            WHEN $6::text IS NULL
                THEN (SELECT jobs.owner FROM jobs WHERE finished_at IS NULL ORDER BY jobs.owner LIMIT 1)
            ELSE $6
        END AS owner
    UNION ALL
    SELECT (
        SELECT jobs.owner
        FROM jobs
        WHERE finished_at IS NULL AND jobs.owner > holder.owner
        ORDER BY jobs.owner
        LIMIT 1
    )
    FROM holder
    WHERE holder.owner IS NOT NULL AND $6::text IS NULL
),

-- Where enough of what was accepted last fits, nothing older can be on the page: so few of each owner's are read. Ids
-- mostly go by time, and where they do not, this finds less, but never anything wrong.
enough AS (
    SELECT CASE WHEN count(*) = $5 THEN min(accepted_at) END AS since
    FROM (
        SELECT accepted_at
        FROM (
            SELECT id, accepted_at, finished_at, state
            FROM jobs
            WHERE $6::text IS NULL AND jobs.id < CASE $3 WHEN '' THEN 'z' ELSE $3 END
            ORDER BY jobs.id DESC
            LIMIT least(20 * $5, 2000)
        ) AS newest
        WHERE
            finished_at IS NULL
            AND (accepted_at, id) < ($2, $3)
            AND state = ANY ($1)
        ORDER BY accepted_at DESC
        LIMIT $5
    ) AS fitting
),

unfinished AS (
    SELECT job.*
    FROM holder
    CROSS JOIN enough
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, state, jobs.owner, task, queue, tags
        FROM jobs
        WHERE
            jobs.owner = holder.owner AND finished_at IS NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= greatest($4, enough.since)
            AND state = ANY ($1)
            AND ($7::text IS NULL OR task = $7)
            AND ($8::text IS NULL OR queue = $8)
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE $1::text[] && '{accepted,queued}'
    UNION ALL
    SELECT job.*
    FROM unnest($1::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, jobs.state, owner, task, queue, tags
        FROM jobs
        WHERE
            jobs.state = wanted.state AND jobs.state IN ('running', 'retrying', 'scheduled')
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE wanted.state IN ('running', 'retrying', 'scheduled') AND NOT $1::text[] && '{accepted,queued}'
)

-- name: by_state
SELECT *
FROM (
    TABLE unfinished
    UNION ALL
    SELECT job.*
    FROM unnest($1::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, jobs.state, owner, task, queue, tags
        FROM jobs
        WHERE
            jobs.state = wanted.state AND finished_at IS NOT NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE wanted.state IN ('succeeded', 'failed', 'cancelled', 'expired')
) AS either
ORDER BY accepted_at DESC, id DESC
LIMIT $5

-- name: by_owner
SELECT *
FROM (
    TABLE unfinished
    UNION ALL
    SELECT job.*
    FROM unnest($1::text[]) AS wanted (state)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, jobs.state, owner, task, queue, tags
        FROM jobs
        WHERE
            owner = $6 AND jobs.state = wanted.state AND finished_at IS NOT NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE wanted.state IN ('succeeded', 'failed', 'cancelled', 'expired')
) AS either
ORDER BY accepted_at DESC, id DESC
LIMIT $5

-- name: by_task
SELECT *
FROM (
    SELECT job.*
    FROM unnest($11::text[], $12::text[]) AS pair (queue, task)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, state, owner, jobs.task, jobs.queue, tags
        FROM jobs
        WHERE
            jobs.queue = pair.queue AND jobs.task = pair.task AND finished_at IS NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE $1::text[] && '{accepted,scheduled,queued,running,retrying}'
    UNION ALL
    SELECT job.*
    FROM unnest($11::text[], $12::text[]) AS pair (queue, task)
    CROSS JOIN LATERAL (
        SELECT id, accepted_at, state, owner, jobs.task, jobs.queue, tags
        FROM jobs
        WHERE
            jobs.queue = pair.queue AND jobs.task = pair.task AND finished_at IS NOT NULL
            AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
        ORDER BY accepted_at DESC, id DESC
        LIMIT $5
    ) AS job
    WHERE $1::text[] && '{succeeded,failed,cancelled,expired}'
) AS either
ORDER BY accepted_at DESC, id DESC
LIMIT $5

-- name: by_tag
SELECT job.id, tagged.accepted_at, job.state, job.owner, job.task, job.queue, job.tags
FROM (
    SELECT id, accepted_at
    FROM job_tags
    WHERE tag = $9 AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
    ORDER BY accepted_at DESC, id DESC
    LIMIT $5
) AS tagged
CROSS JOIN LATERAL (SELECT * FROM jobs WHERE jobs.id = tagged.id LIMIT 1) AS job
ORDER BY tagged.accepted_at DESC, job.id DESC

-- name: by_batch
SELECT id, accepted_at, state, owner, task, queue, tags
FROM jobs
WHERE batch_id = $11 AND (accepted_at, id) < ($2, $3) AND accepted_at >= $4
ORDER BY accepted_at DESC, id DESC
LIMIT $5

-- name: page
SELECT job.*, picked.fits, picked.is_last
FROM (
    SELECT *
    FROM (
        SELECT
            id,
            accepted_at,
            row_number() OVER (ORDER BY accepted_at DESC, id DESC) = $5 AS is_last,
            state = ANY ($1)
            AND ($6::text IS NULL OR owner = $6)
            AND ($7::text IS NULL OR task = $7)
            AND ($8::text IS NULL OR queue = $8)
            AND ($9::text IS NULL OR $9 = ANY (tags)) AS fits
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
