-- name: sums
SELECT
    count(*) AS total,
    count(*) FILTER (WHERE state = 'succeeded' AND result ->> 'skipped' IS NULL) AS succeeded,
    count(*) FILTER (WHERE state = 'succeeded' AND result ->> 'skipped' IS NOT NULL) AS skipped,
    count(*) FILTER (WHERE finished_at IS NOT NULL AND state <> 'succeeded') AS failed,
    count(*) FILTER (WHERE state = 'failed') AS errors,
    coalesce(sum((result -> 'rows' ->> 'read')::bigint), 0)::bigint AS read,
    coalesce(sum((result -> 'rows' ->> 'inserted')::bigint), 0)::bigint AS inserted,
    coalesce(sum((result -> 'rows' ->> 'updated')::bigint), 0)::bigint AS updated,
    coalesce(sum((result -> 'rows' ->> 'unchanged')::bigint), 0)::bigint AS unchanged,
    coalesce(sum((result -> 'rows' ->> 'quarantined')::bigint), 0)::bigint AS quarantined
FROM jobs
WHERE batch_id = $1 AND task = $2;

-- name: errors
SELECT j.args ->> 'file_id' AS file_id, f.name, j.error
FROM jobs AS j
LEFT JOIN files AS f ON f.id = (j.args ->> 'file_id')::uuid
WHERE j.batch_id = $1 AND j.task = $2 AND j.state = 'failed'
ORDER BY j.id
LIMIT $3;

-- name: current
SELECT f.name
FROM jobs AS j
INNER JOIN files AS f ON f.id = (j.args ->> 'file_id')::uuid
WHERE j.batch_id = $1 AND j.task = $2 AND j.state = 'running'
ORDER BY j.id
LIMIT $3;

-- name: quality
SELECT rows_read, score, parts FROM batch_quality_reports WHERE batch_id = $1;
