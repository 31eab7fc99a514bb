-- name: assign
INSERT INTO quotas AS old (owner, tier) VALUES ($1, $2)
ON CONFLICT (owner) DO UPDATE SET tier = excluded.tier, changed_at = now()
WHERE old.tier <> excluded.tier;

-- name: override
UPDATE quotas SET max_running = $2, max_waiting = $3, changed_at = now() WHERE owner = $1;

-- name: lock
SELECT owner, tier, max_running, max_waiting FROM quotas WHERE owner = $1 FOR UPDATE;

-- name: of
SELECT owner, tier, max_running, max_waiting FROM quotas WHERE owner = ANY ($1);

-- name: all
SELECT owner, tier, max_running, max_waiting FROM quotas;

-- name: keep
-- Nobody changes these until the transaction is over.
SELECT owner, tier, max_running, max_waiting FROM quotas WHERE owner = ANY ($1) ORDER BY owner FOR SHARE;

-- name: take_turns
-- A statement of its own: what counts after it is to see what was committed while it waited.
SELECT pg_advisory_xact_lock(hashtextextended('quota of ' || owner, 0)) FROM unnest($1::text[]) AS their (owner);

-- name: usage
SELECT count(*) AS unfinished, count(*) FILTER (WHERE state = 'running') AS running
FROM jobs WHERE owner = $1 AND finished_at IS NULL;
