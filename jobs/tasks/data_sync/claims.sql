-- Which files a sync takes. A file is locked first and looked at afterwards: what others have committed meanwhile is seen
-- only by another statement.

-- Files that are due, oldest first: those that nobody has synced yet, those whose next attempt has come, and those whose
-- job ended amid the load: being cancelled, since a store was away for all of its tries, which is not the file's doing, or
-- a day ago, as such a file may be what kills workers, if not so long ago that the job is no longer there. What others are
-- claiming at this moment is left to them.
-- $1 owner, $2 platform, $3 domains, $4 granularities, $5 uploaded since (each NULL for any), $6 only those whose
-- template is published, $7 how many
-- name: due
SELECT f.id
FROM files AS f
WHERE
    (
        f.state = 'pending'
        OR f.state IN ('failed', 'needs_template', 'header_changed') AND f.next_attempt_at <= now()
        OR f.state = 'processing' AND f.job_id IS NULL
        OR f.state = 'processing' AND EXISTS (
            SELECT FROM jobs AS ended
            WHERE
                ended.id = f.job_id
                AND (
                    ended.state = 'cancelled'
                    OR ended.state = 'failed' AND ended.error ->> 'type' = 'StoreUnavailableError'
                    OR ended.finished_at <= now() - interval '1 day'
                )
        )
    )
    AND ($1::text IS NULL OR f.owner = $1)
    AND ($2::text IS NULL OR f.platform = $2)
    AND ($3::text[] IS NULL OR f.domain = ANY ($3))
    AND ($4::text[] IS NULL OR f.granularity = ANY ($4))
    AND ($5::timestamptz IS NULL OR f.created_at >= $5)
    AND (
        NOT $6
        OR EXISTS (
            SELECT FROM templates AS t
            WHERE
                t.state = 'published' AND t.platform = f.platform AND t.domain = f.domain
                AND t.granularity = f.granularity AND t.sub_domain IN (f.sub_domain, '')
        )
    )
    AND NOT EXISTS (SELECT FROM jobs AS j WHERE j.id = f.job_id AND j.finished_at IS NULL)
ORDER BY f.id
LIMIT $7
FOR UPDATE OF f SKIP LOCKED;

-- name: named
SELECT f.id
FROM files AS f
WHERE f.id = ANY ($1) AND ($2::text IS NULL OR f.owner = $2)
ORDER BY f.id
FOR UPDATE OF f;

-- name: unfinished
SELECT f.id AS file_id, j.*
FROM files AS f
INNER JOIN jobs AS j ON j.id = f.job_id
WHERE f.id = ANY ($1) AND j.finished_at IS NULL;

-- name: hold_all
UPDATE files
SET job_id = held.job_id, fence = 0
FROM unnest($1::uuid[], $2::text[]) AS held (file_id, job_id)
WHERE files.id = held.file_id;

-- name: note
INSERT INTO syncs (id, owner, job_id, batch_id, files)
VALUES (coalesce($2, $3), $1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING;
