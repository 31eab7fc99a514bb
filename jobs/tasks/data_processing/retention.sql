-- An image that an extraction is entering at this moment is left to it: it has been seen again.
-- name: drop_images
WITH old AS (
    SELECT id FROM product_images
    WHERE seen_at < now() - make_interval(days => $1)
    ORDER BY seen_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM product_image_owners WHERE image_id IN (SELECT id FROM old)
)
DELETE FROM product_images WHERE id IN (SELECT id FROM old)
RETURNING id;

-- name: drop_profiles
DELETE FROM file_profiles
WHERE file_id IN (
    SELECT file_id FROM file_profiles
    WHERE made_at < now() - make_interval(days => $1)
    ORDER BY made_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
RETURNING file_id;

-- name: known
SELECT DISTINCT sha256 FROM product_images WHERE sha256 = ANY ($1::text[]);
