-- Lists of files, of syncs, and of what there is of each source. Newest first; a page begins after ($2, $3), the latest
-- of all for the first.

-- $1 owner, $4 platform, $5 shop, $6 domain, $7 granularity, $8 state (each NULL for any), $9 how many to look at. What
-- a look does not ask for is tried row by row: a page ends with the look, full or not.
-- name: files
SELECT
    looked.*,
    ($4::text IS NULL OR platform = $4)
    AND ($5::text IS NULL OR shop_id = $5)
    AND ($6::text IS NULL OR domain = $6)
    AND ($7::text IS NULL OR granularity = $7)
    AND ($8::text IS NULL OR state_now = $8) AS fits
FROM (
    SELECT
        f.*,
        CASE WHEN f.state = 'processing' AND j.finished_at IS NOT NULL THEN 'failed' ELSE f.state END AS state_now,
        coalesce(f.last_error, j.error ->> 'message') AS error_now
    FROM (
        SELECT *
        FROM files
        WHERE ($1::text IS NULL OR owner = $1) AND (created_at, id) < ($2, $3)
        ORDER BY created_at DESC, id DESC
        LIMIT $9
    ) AS f
    LEFT JOIN jobs AS j ON j.id = f.job_id
) AS looked
ORDER BY created_at DESC, id DESC;

-- $4: whether it has ended (NULL for either), $5 how many
-- name: syncs
SELECT
    s.id,
    s.owner,
    s.files,
    s.created_at,
    s.batch_id IS NOT NULL AS is_batch,
    coalesce(b.finished_at, j.finished_at) AS finished_at
FROM syncs AS s
LEFT JOIN batches AS b ON b.id = s.batch_id
LEFT JOIN jobs AS j ON j.id = s.job_id
WHERE
    ($1::text IS NULL OR s.owner = $1)
    AND (s.created_at, s.id) < ($2, $3)
    AND ($4::boolean IS NULL OR (coalesce(b.finished_at, j.finished_at) IS NOT NULL) = $4)
ORDER BY s.created_at DESC, s.id DESC
LIMIT $5;

-- name: states
SELECT
    CASE WHEN f.state = 'processing' AND j.finished_at IS NOT NULL THEN 'failed' ELSE f.state END AS state,
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
