-- name: note
INSERT INTO audit (actor, action, object_id, outcome, request_id, address, details)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: page
SELECT id, at, actor, action, object_type, object_id, outcome, request_id, address, details FROM audit
WHERE
    ($1::text IS NULL OR actor = $1)
    AND ($2::text IS NULL OR action = $2)
    AND ($3::text IS NULL OR object_id = $3)
    AND at >= coalesce($4, '-infinity'::timestamptz)
    -- One upper bound: beside another PostgreSQL would begin at the wrong one, and read all that lies between them.
    AND (at, id) < (coalesce($5, 'infinity'::timestamptz), coalesce($6, 0::bigint))
ORDER BY at DESC, id DESC
LIMIT $7;

-- name: drop_old
SELECT prune_audit($1, $2) AS dropped;
