-- name: insert
INSERT INTO files (
    id, sha256, name, format, size, platform, shop_id, domain, sub_domain, granularity, date_from, date_to, owner, state
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending')
ON CONFLICT (sha256, owner) DO NOTHING
RETURNING id;

-- A run that ended without a word (its worker was killed at the last try) leaves `processing` behind; its job may be as
-- old as to be no longer there.
-- name: get
SELECT
    f.*,
    CASE
        WHEN f.state = 'processing' AND (j.id IS NULL OR j.finished_at IS NOT NULL) THEN 'failed'
        ELSE f.state
    END AS state_now,
    coalesce(f.last_error, j.error ->> 'message') AS error_now
FROM files AS f
LEFT JOIN jobs AS j ON j.id = f.job_id
WHERE f.id = $1 AND ($2::text IS NULL OR f.owner = $2);

-- name: find
SELECT id FROM files WHERE sha256 = $1 AND owner = $2;

-- name: lock
SELECT job_id, owner FROM files WHERE id = $1 AND ($2::text IS NULL OR owner = $2) FOR UPDATE;

-- name: hold
UPDATE files SET job_id = $2, fence = 0 WHERE id = $1;

-- name: begin
UPDATE files
SET state = 'processing', fence = $3, last_error = NULL, header_difference = NULL
WHERE id = $1 AND job_id = $2 AND fence < $3
RETURNING id;

-- name: settle
UPDATE files
SET
    state = $4,
    last_error = $5,
    template_id = coalesce($6, template_id),
    header_difference = $7,
    currency = CASE WHEN $4 IN ('ingested', 'partial') THEN $8 ELSE currency END,
    tries = CASE WHEN $4 IN ('ingested', 'partial') THEN 0 ELSE tries + 1 END,
    next_attempt_at = CASE
        WHEN $9 THEN now()
        WHEN $4 IN ('failed', 'needs_template')
            THEN now() + least(interval '24 hours', interval '15 minutes' * power(2, least(tries, 10)))
    END
WHERE id = $1 AND job_id = $2 AND fence = $3
RETURNING id;
