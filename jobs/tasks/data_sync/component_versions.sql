-- name: all
SELECT id, component, version, status, notes, created_at, changed_at FROM component_versions
ORDER BY created_at DESC, id::text DESC;

-- name: active
SELECT version FROM component_versions WHERE component = $1 AND status = 'active'
ORDER BY created_at DESC, id::text DESC
LIMIT 1;

-- name: insert
INSERT INTO component_versions (id, component, version, status, notes) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (component, version) DO NOTHING
RETURNING id, component, version, status, notes, created_at, changed_at;

-- name: lock
SELECT id, component, version, status, notes, created_at, changed_at FROM component_versions
WHERE id = $1 FOR UPDATE;

-- name: change
UPDATE component_versions
SET status = coalesce($2, status), notes = coalesce($3, notes), changed_at = now()
WHERE id = $1
RETURNING id, component, version, status, notes, created_at, changed_at;
