-- name: insert
INSERT INTO users (id, username, role, password_hash) VALUES ($1, $2, $3, $4)
ON CONFLICT (username) DO NOTHING
RETURNING id, username, role, disabled_at, created_at;

-- name: get
SELECT id, username, role, disabled_at, created_at FROM users WHERE id = $1;

-- name: lock
SELECT id, username, role, disabled_at, created_at FROM users
WHERE id = $1 AND ($2::text IS NULL OR password_hash = $2)
FOR UPDATE;

-- name: by_name
SELECT id, password_hash, disabled_at IS NOT NULL AS is_disabled FROM users WHERE username = $1;

-- name: page
SELECT id, username, role, disabled_at, created_at FROM users
WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::text)
ORDER BY created_at DESC, id DESC
LIMIT $3;

-- name: change
UPDATE users
SET
    role = coalesce($2, role),
    password_hash = coalesce($3, password_hash),
    disabled_at = CASE WHEN $4::boolean IS NULL THEN disabled_at WHEN $4 THEN coalesce(disabled_at, now()) END
WHERE id = $1
RETURNING id, username, role, disabled_at, created_at;

-- name: end_sessions
DELETE FROM sessions WHERE user_id = $1;

-- name: revoke_keys
DELETE FROM api_keys WHERE user_id = $1;
