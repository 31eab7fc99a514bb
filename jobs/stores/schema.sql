-- name: is_there
SELECT to_regclass('schema_migrations') IS NOT NULL AS is_there;

-- name: latest
SELECT coalesce(max(number), 0) AS number FROM schema_migrations;
