-- Waits for others who change the user, or make keys of his.
-- name: lock_user
SELECT id FROM users WHERE id = $1 AND disabled_at IS NULL FOR UPDATE;

-- name: drop_expired_keys
DELETE FROM api_keys WHERE user_id = $1 AND expires_at < now() - interval '30 days';

-- name: count_keys
SELECT count(*) AS active FROM api_keys WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > now());

-- name: insert_key
INSERT INTO api_keys (id, user_id, name, sha256, expires_at)
VALUES ($1, $2, $3, $4, now() + $5)
RETURNING id, user_id, name, created_at, expires_at, last_used_at;

-- name: keys
SELECT id, user_id, name, created_at, expires_at, last_used_at FROM api_keys
WHERE user_id = $1 ORDER BY created_at DESC, id DESC;

-- name: delete_key
DELETE FROM api_keys WHERE id = $1 AND ($2::text IS NULL OR user_id = $2)
RETURNING id, user_id, name, created_at, expires_at, last_used_at;

-- The same, where the password is the one that was checked.
-- name: lock_known_user
SELECT id FROM users WHERE id = $1 AND disabled_at IS NULL AND password_hash = $2 FOR UPDATE;

-- Those that have expired go, a few at each login.
-- name: drop_expired_sessions
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE expires_at < now() ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
);

-- The same, where the key is in force. It is not revoked meanwhile.
-- name: lock_user_of_key
SELECT u.id, k.expires_at
FROM api_keys AS k
JOIN users AS u ON u.id = k.user_id
WHERE k.id = $1 AND k.sha256 = $2 AND (k.expires_at IS NULL OR k.expires_at > now()) AND u.disabled_at IS NULL
FOR UPDATE OF u FOR KEY SHARE OF k;

-- Of a user, or of the administrator who has no row.
-- name: drop_oldest_sessions
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE user_id = $1 OR ($1::text IS NULL AND user_id IS NULL)
    ORDER BY created_at DESC, id DESC OFFSET $2
);

-- It ends with the key that it was begun with.
-- name: insert_session
INSERT INTO sessions (id, user_id, sha256, expires_at, api_key_id)
VALUES ($1, $2, $3, least(now() + $4, $6::timestamptz), $5)
RETURNING expires_at;

-- name: delete_session
DELETE FROM sessions WHERE id = $1 AND user_id IS NOT DISTINCT FROM $2 RETURNING id;

-- What lets somebody in, of these keys and sessions.
-- name: find
SELECT c.id, c.sha256, c.expires_at, c.user_id, u.role
FROM (
    SELECT id, sha256, expires_at, user_id FROM api_keys WHERE id = ANY($1::text[])
    UNION ALL
    SELECT id, sha256, expires_at, user_id FROM sessions WHERE id = ANY($2::text[])
) AS c
LEFT JOIN users AS u ON u.id = c.user_id
WHERE u.disabled_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now());

-- name: note_uses
UPDATE api_keys SET last_used_at = now() WHERE id = ANY($1::text[]);
