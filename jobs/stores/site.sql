-- name: enter
INSERT INTO site DEFAULT VALUES ON CONFLICT DO NOTHING;

-- name: read
SELECT * FROM site;

-- name: tick
WITH former AS (SELECT tick FROM site FOR UPDATE)

UPDATE site
SET
    tick = greatest(site.tick + 1, floor(extract(EPOCH FROM clock_timestamp()) * 1000)),
    steward = $1,
    steward_until = now() + make_interval(secs => $2)
FROM former
WHERE site.steward = $1 OR site.steward_until IS NULL OR site.steward_until < now()
RETURNING site.*, former.tick AS former_tick;

-- name: keep
UPDATE site SET steward_until = now() + make_interval(secs => $2) WHERE steward = $1 RETURNING steward;

-- name: leave
UPDATE site SET steward_until = NULL WHERE steward = $1;

-- name: begin
UPDATE site SET epoch = $2, rebuilt_at = NULL WHERE steward = $1 RETURNING steward;

-- name: finish
UPDATE site SET redis = $2, rebuilt_at = now() WHERE steward = $1 RETURNING steward;
