-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended('switchyard.templates', 0));

-- name: keep_still
SELECT pg_advisory_xact_lock_shared(hashtextextended('switchyard.templates', 0));

-- name: insert
INSERT INTO templates (
    id, platform, domain, sub_domain, granularity, version, state,
    header_row, fields, key_fields, required_fields, date_field, date_format, repeats, types, ranges
)
SELECT $1, $2, $3, $4, $5, coalesce(max(version), 0) + 1, 'draft', $6, $7, $8, $9, $10, $11, $12, $13, $14
FROM templates
WHERE platform = $2 AND domain = $3 AND sub_domain = $4 AND granularity = $5
RETURNING *;

-- name: get
SELECT * FROM templates WHERE id = $1;

-- name: list
SELECT * FROM templates
WHERE ($1::text IS NULL OR platform = $1)
    AND ($2::text IS NULL OR domain = $2)
    AND ($3::text IS NULL OR granularity = $3)
    AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5;

-- name: publish
UPDATE templates SET state = 'published' WHERE id = $1 AND state = 'draft' RETURNING *;

-- name: published
SELECT * FROM templates WHERE id = $1 AND state = 'published';

-- A file whose sub-domain has a template of its own is not served by the one that has none.
-- name: wake
UPDATE files SET next_attempt_at = now()
WHERE platform = $1 AND domain = $2 AND granularity = $4
    AND state IN ('failed', 'needs_template', 'header_changed')
    AND (
        sub_domain = $3
        OR $3 = '' AND NOT EXISTS (
            SELECT FROM templates AS own
            WHERE own.platform = $1 AND own.domain = $2 AND own.sub_domain = files.sub_domain
                AND own.granularity = $4 AND own.state = 'published'
        )
    );

-- name: match
SELECT * FROM templates
WHERE platform = $1 AND domain = $2 AND sub_domain IN ($3, '') AND granularity = $4 AND state = 'published'
ORDER BY (sub_domain = $3) DESC, version DESC
LIMIT 1;
