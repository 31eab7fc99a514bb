-- name: page
SELECT
    id, kind, owner, platform, shop_id, sku, warehouse, stock, safety_stock, business_date, file_id, opened_at,
    checked_at, closed_at
FROM alerts
WHERE ($1::text IS NULL OR owner = $1)
    AND ($2::text IS NULL OR (closed_at IS NULL) = ($2 = 'open'))
    AND ($3::text IS NULL OR platform = $3)
    AND ($4::text IS NULL OR shop_id = $4)
    AND ($5::text IS NULL OR sku = $5)
    AND ($6::timestamptz IS NULL OR (opened_at, id) < ($6, $7::uuid))
ORDER BY opened_at DESC, id DESC
LIMIT $8;

-- name: open
SELECT kind, count(*) AS amount FROM alerts WHERE closed_at IS NULL GROUP BY kind;

-- name: drop_closed
DELETE FROM alerts
WHERE id IN (
    SELECT id FROM alerts
    WHERE closed_at < now() - make_interval(days => $1)
    ORDER BY closed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING id;
