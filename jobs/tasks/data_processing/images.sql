-- Whoever adds images of a shop waits for the one before: both may have the same, and one main image a SKU is right.
-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('switchyard.images' || length($1) || ':' || $1 || $2, 0));

-- name: unset_main
UPDATE product_images
SET is_main = false
WHERE platform = $1 AND shop_id = $2 AND sku = ANY ($3::text[]) AND is_main;

-- name: add
INSERT INTO product_images AS held (
    id, platform, shop_id, sku, sha256, width, height, bytes, is_main, position
)
SELECT given.id, $1, $2, given.sku, given.sha256, width, height, bytes, position = 0, position
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::integer[], $9::integer[])
    AS given (id, sku, sha256, position, width, height, bytes)
ON CONFLICT (platform, shop_id, sku, sha256) DO UPDATE
SET is_main = excluded.is_main,
    position = excluded.position,
    width = excluded.width,
    height = excluded.height,
    bytes = excluded.bytes,
    seen_at = now()
RETURNING held.id, xmax = 0 AS is_new;

-- name: let_see
INSERT INTO product_image_owners (owner, image_id, file_id)
SELECT $1, image_id, $2 FROM unnest($3::uuid[]) AS given (image_id)
ON CONFLICT (owner, image_id) DO UPDATE SET file_id = excluded.file_id;

-- name: list_all
SELECT * FROM product_images
WHERE ($1::text IS NULL OR platform = $1)
    AND ($2::text IS NULL OR shop_id = $2)
    AND ($3::text IS NULL OR sku = $3)
    AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5;

-- name: list_own
SELECT image.*
FROM product_image_owners AS held
JOIN product_images AS image ON image.id = held.image_id
WHERE ($1::text IS NULL OR image.platform = $1)
    AND ($2::text IS NULL OR image.shop_id = $2)
    AND ($3::text IS NULL OR image.sku = $3)
    AND ($4::uuid IS NULL OR held.image_id < $4)
    AND held.owner = $6
ORDER BY held.image_id DESC
LIMIT $5;

-- name: get
SELECT * FROM product_images AS image
WHERE id = $1
    AND (
        $2::text IS NULL
        OR EXISTS (SELECT FROM product_image_owners AS held WHERE held.owner = $2 AND held.image_id = image.id)
    );
