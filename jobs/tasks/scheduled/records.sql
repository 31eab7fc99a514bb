-- name: tables
SELECT namespace.nspname AS schema, class.relname AS name
FROM pg_class AS class
INNER JOIN pg_namespace AS namespace ON class.relnamespace = namespace.oid
WHERE class.relkind = 'r'
    AND class.relpersistence <> 't'
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid IN (class.oid, namespace.oid) AND deptype = 'e'
    );

-- name: add
INSERT INTO backups (name, bytes, began_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING;

-- name: keep
DELETE FROM backups WHERE name <> ALL ($1);

-- One of a time to come was made while a clock was ahead: its age says nothing, and it hides those that are getting old.
-- name: last
SELECT bytes, extract(EPOCH FROM clock_timestamp() - began_at)::double precision AS age_s
FROM backups
ORDER BY began_at > clock_timestamp() + interval '1 hour', began_at DESC
LIMIT 1;
