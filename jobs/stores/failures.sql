-- $1 in each: whose failures, NULL for everybody's, or the owners. What has failed is found by the index of failed jobs,
-- in which those of an owner and a cause lie side by side, by the time of their end.

-- name: causes
WITH RECURSIVE pair AS (
    (
        SELECT owner, error ->> 'fingerprint' AS fingerprint
        FROM jobs
        WHERE state = 'failed' AND owner >= coalesce($1::text, '')
        ORDER BY owner, error ->> 'fingerprint'
        LIMIT 1
    )
    UNION ALL
    SELECT following.owner, following.fingerprint
    FROM pair
    CROSS JOIN LATERAL (
        SELECT owner, error ->> 'fingerprint' AS fingerprint
        FROM jobs
        WHERE state = 'failed' AND (owner, (error ->> 'fingerprint')) > (pair.owner, pair.fingerprint)
        ORDER BY owner, error ->> 'fingerprint'
        LIMIT 1
    ) AS following
    WHERE $1::text IS NULL OR pair.owner = $1
),

seen AS (
    SELECT pair.owner, pair.fingerprint, latest.finished_at, latest.id
    FROM (SELECT * FROM pair LIMIT $7) AS pair
    CROSS JOIN LATERAL (
        SELECT finished_at, id
        FROM jobs
        WHERE
            state = 'failed' AND owner = pair.owner AND error ->> 'fingerprint' = pair.fingerprint
            AND finished_at >= $2
        ORDER BY finished_at DESC, id DESC
        LIMIT 1
    ) AS latest
    WHERE $1::text IS NULL OR pair.owner = $1
),

cause AS (
    SELECT
        fingerprint,
        max(finished_at) AS last_seen,
        (array_agg(id ORDER BY finished_at DESC, id DESC))[1] AS latest,
        array_agg(owner ORDER BY owner) AS owners
    FROM seen
    GROUP BY fingerprint
    HAVING (max(finished_at), fingerprint) < ($3, $4)
    ORDER BY last_seen DESC, fingerprint DESC
    LIMIT $5
)

SELECT
    cause.fingerprint,
    cause.last_seen,
    cause.owners,
    cause.latest,
    sample.task,
    sample.error,
    earliest.first_seen,
    counted.amount
FROM cause
CROSS JOIN LATERAL (SELECT task, error FROM jobs WHERE id = cause.latest LIMIT 1) AS sample
CROSS JOIN LATERAL (
    SELECT min(one.finished_at) AS first_seen
    FROM unnest(cause.owners) AS their (owner)
    CROSS JOIN LATERAL (
        SELECT finished_at
        FROM jobs
        WHERE
            state = 'failed' AND owner = their.owner AND error ->> 'fingerprint' = cause.fingerprint
            AND finished_at >= $2
        ORDER BY finished_at
        LIMIT 1
    ) AS one
) AS earliest
CROSS JOIN LATERAL (
    SELECT count(*) AS amount
    FROM (
        SELECT
        FROM unnest(cause.owners) AS their (owner)
        CROSS JOIN LATERAL (
            SELECT
            FROM jobs
            WHERE
                state = 'failed' AND owner = their.owner AND error ->> 'fingerprint' = cause.fingerprint
                AND finished_at >= $2
            ORDER BY finished_at DESC
            LIMIT $6
        ) AS one
        LIMIT $6
    ) AS counting
) AS counted
ORDER BY cause.last_seen DESC, cause.fingerprint DESC;

-- name: owners
WITH RECURSIVE known AS (
    (SELECT owner FROM jobs WHERE state = 'failed' ORDER BY owner LIMIT 1)
    UNION ALL
    SELECT (
        SELECT jobs.owner FROM jobs WHERE state = 'failed' AND jobs.owner > known.owner ORDER BY jobs.owner LIMIT 1
    )
    FROM known
    WHERE known.owner IS NOT NULL
)

SELECT owner FROM known WHERE owner IS NOT NULL;

-- name: members
SELECT job.*
FROM unnest($1::text[]) AS their (owner)
CROSS JOIN LATERAL (
    SELECT *
    FROM jobs
    WHERE
        state = 'failed' AND jobs.owner = their.owner AND error ->> 'fingerprint' = $2 AND (finished_at, id) < ($3, $4)
    ORDER BY finished_at DESC, id DESC
    LIMIT $5
) AS job
ORDER BY finished_at DESC, id DESC
LIMIT $5;

-- name: count
SELECT count(*) AS amount
FROM (
    SELECT
    FROM unnest($1::text[]) AS their (owner)
    CROSS JOIN LATERAL (
        SELECT
        FROM jobs
        WHERE
            state = 'failed' AND jobs.owner = their.owner AND error ->> 'fingerprint' = $2
            AND (finished_at, id) < ($3, $4)
        ORDER BY finished_at DESC, id DESC
        LIMIT $5
    ) AS job
    LIMIT $5
) AS counting;
