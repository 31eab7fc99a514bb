-- Lists of files, of syncs, and of what there is of each source.

-- A list is looked at newest first from after ($2, $3) on, $4 rows at once, by the index of an owner ($1) or of all; what
-- a filter asks for is tried row by row, and told with the last that was looked at. The owner is part of the place too:
-- a plan that is made for any owner would read the index of all otherwise, and pick those of an owner of few from it.

-- name: files_of_owner
SELECT *
FROM files
WHERE owner = $1::text AND (owner, created_at, id) < ($1::text, $2::timestamptz, $3::uuid)
ORDER BY created_at DESC, id DESC
LIMIT $4

-- name: files_of_all
SELECT *
FROM files
WHERE $1::text IS NULL AND (created_at, id) < ($2::timestamptz, $3::uuid)
ORDER BY created_at DESC, id DESC
LIMIT $4

-- $5 how many to tell, $6 platform, $7 shop, $8 domain, $9 granularity, $10 state (each NULL for any). A run that ended
-- without a word leaves `processing` behind.
-- name: files
SELECT *
FROM (
    SELECT
        seen.*,
        row_number() OVER (ORDER BY created_at DESC, id DESC) = $4 AS is_last,
        ($6::text IS NULL OR platform = $6)
        AND ($7::text IS NULL OR shop_id = $7)
        AND ($8::text IS NULL OR domain = $8)
        AND ($9::text IS NULL OR granularity = $9)
        AND ($10::text IS NULL OR state_now = $10) AS fits
    FROM (
        SELECT
            f.*,
            CASE
                WHEN f.state = 'processing' AND (j.id IS NULL OR j.finished_at IS NOT NULL) THEN 'failed'
                ELSE f.state
            END AS state_now,
            coalesce(f.last_error, j.error ->> 'message') AS error_now
        FROM looked AS f
        LEFT JOIN jobs AS j ON j.id = f.job_id
    ) AS seen
) AS tried
WHERE fits OR is_last
ORDER BY created_at DESC, id DESC
LIMIT $5

-- name: syncs_of_owner
SELECT *
FROM syncs
WHERE owner = $1::text AND (owner, created_at, id) < ($1::text, $2::timestamptz, $3::text)
ORDER BY created_at DESC, id DESC
LIMIT $4

-- name: syncs_of_all
SELECT *
FROM syncs
WHERE $1::text IS NULL AND (created_at, id) < ($2::timestamptz, $3::text)
ORDER BY created_at DESC, id DESC
LIMIT $4

-- $5 how many to tell, $6 whether it has ended (NULL for either)
-- name: syncs
SELECT *
FROM (
    SELECT
        seen.*,
        row_number() OVER (ORDER BY created_at DESC, id DESC) = $4 AS is_last,
        ($6::boolean IS NULL OR (finished_at IS NOT NULL) = $6) AS fits
    FROM (
        SELECT
            s.id,
            s.owner,
            s.files,
            s.created_at,
            s.batch_id IS NOT NULL AS is_batch,
            coalesce(b.finished_at, j.finished_at) AS finished_at
        FROM looked AS s
        LEFT JOIN batches AS b ON b.id = s.batch_id
        LEFT JOIN jobs AS j ON j.id = s.job_id
    ) AS seen
) AS tried
WHERE fits OR is_last
ORDER BY created_at DESC, id DESC
LIMIT $5

-- name: states
SELECT
    CASE
        WHEN f.state = 'processing' AND (j.id IS NULL OR j.finished_at IS NOT NULL) THEN 'failed'
        ELSE f.state
    END AS state,
    count(*) AS files
FROM files AS f
LEFT JOIN jobs AS j ON f.state = 'processing' AND j.id = f.job_id
WHERE $1::text IS NULL OR f.owner = $1
GROUP BY 1;

-- A file's template is that of its sub-domain, else the one without. It is outdated where files came with other headers
-- than that has, and what is loaded is outdated where it came in by one that this has replaced.
-- name: sources
SELECT
    source.*,
    template.version AS template_version,
    coalesce(loaded.by_older, 0) AS loaded_by_older
FROM (
    SELECT
        platform,
        domain,
        sub_domain,
        granularity,
        count(*) AS files,
        count(*) FILTER (WHERE state = 'header_changed') AS header_changed,
        count(*) FILTER (WHERE state = 'needs_template') AS needs_template,
        max(created_at) AS newest_at
    FROM files
    WHERE $1::text IS NULL OR owner = $1
    GROUP BY platform, domain, sub_domain, granularity
    ORDER BY platform, domain, sub_domain, granularity
    LIMIT $2
) AS source
LEFT JOIN LATERAL (
    SELECT id, version
    FROM templates
    WHERE
        templates.platform = source.platform AND templates.domain = source.domain
        AND templates.granularity = source.granularity AND templates.sub_domain IN (source.sub_domain, '')
        AND state = 'published'
    ORDER BY (templates.sub_domain = source.sub_domain) DESC, version DESC
    LIMIT 1
) AS template ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS by_older
    FROM files
    WHERE
        files.platform = source.platform AND files.domain = source.domain
        AND files.granularity = source.granularity AND files.sub_domain = source.sub_domain
        AND ($1::text IS NULL OR files.owner = $1)
        AND files.state IN ('ingested', 'partial') AND files.template_id <> template.id
) AS loaded ON true
ORDER BY platform, domain, sub_domain, granularity;
