-- name: all
SELECT id, platform, shop_id, name, enabled, created_at, changed_at FROM shops
ORDER BY created_at DESC, id::text DESC;

-- name: insert
INSERT INTO shops (id, platform, shop_id, name, enabled) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (platform, shop_id) DO NOTHING
RETURNING id, platform, shop_id, name, enabled, created_at, changed_at;

-- name: lock
SELECT id, platform, shop_id, name, enabled, created_at, changed_at FROM shops WHERE id = $1 FOR UPDATE;

-- name: change
UPDATE shops SET name = coalesce($2, name), enabled = coalesce($3, enabled), changed_at = now() WHERE id = $1
RETURNING id, platform, shop_id, name, enabled, created_at, changed_at;

-- name: delete
DELETE FROM shops WHERE id = $1
RETURNING id, platform, shop_id, name, enabled, created_at, changed_at;
