-- name: raise
INSERT INTO cache_tags (tag, version) SELECT tag, 1 FROM unnest($1::text[]) AS tag ORDER BY tag
ON CONFLICT (tag) DO UPDATE SET version = cache_tags.version + 1
RETURNING tag, version;

-- name: all
SELECT tag, version FROM cache_tags;
