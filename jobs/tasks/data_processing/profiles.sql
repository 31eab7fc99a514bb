-- name: put
INSERT INTO file_profiles (file_id, profile) VALUES ($1, $2)
ON CONFLICT (file_id) DO UPDATE SET profile = excluded.profile, made_at = now();

-- name: get
SELECT p.* FROM file_profiles AS p JOIN files AS f ON f.id = p.file_id
WHERE p.file_id = $1 AND ($2::text IS NULL OR f.owner = $2);
