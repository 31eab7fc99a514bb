-- name: current
SELECT version, document, changed_at, changed_by FROM rate_limits;

-- name: replace
UPDATE rate_limits SET version = version + 1, document = $1, changed_at = now(), changed_by = $2
WHERE $3::bigint[] IS NULL OR version = ANY($3)
RETURNING version, document, changed_at, changed_by;
