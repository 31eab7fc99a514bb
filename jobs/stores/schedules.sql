-- name: now
SELECT clock_timestamp() AS now;

-- name: enroll
INSERT INTO schedules AS held (name, rule, next_due_at)
SELECT name, rule, next_due_at
FROM jsonb_to_recordset($1) AS told (name text, rule text, next_due_at timestamptz)
ORDER BY name
ON CONFLICT (name) DO UPDATE
SET
    rule = excluded.rule,
    next_due_at = CASE WHEN held.rule = excluded.rule THEN held.next_due_at ELSE excluded.next_due_at END,
    seen_at = now()
-- $2: a steward that starts knows best. Later a rule that no steward has any more is let go.
WHERE held.rule = excluded.rule OR $2 OR held.seen_at < now() - make_interval(secs => $3);

-- name: drop_unseen
DELETE FROM schedules WHERE name <> ALL ($1) AND seen_at < now() - make_interval(secs => $2);

-- name: upcoming
SELECT held.name, extract(EPOCH FROM held.next_due_at - clock_timestamp())::double precision AS in_s
FROM schedules AS held
INNER JOIN jsonb_to_recordset($1) AS told (name text, rule text) ON held.name = told.name AND held.rule = told.rule;

-- name: take
SELECT next_due_at, clock_timestamp() AS now FROM schedules
WHERE name = $1 AND rule = $2 AND next_due_at <= clock_timestamp()
FOR UPDATE SKIP LOCKED;

-- name: advance
UPDATE schedules
SET
    next_due_at = $2,
    missed = missed + $3,
    last_due_at = CASE WHEN $4::text IS NULL THEN last_due_at ELSE $5 END,
    last_job_id = coalesce($4, last_job_id),
    fired = fired + ($4::text IS NOT NULL)::integer,
    overlapped = overlapped + $6::integer
WHERE name = $1;

-- name: note_run
UPDATE schedules SET last_job_id = $2 WHERE name = $1;

-- name: all
SELECT
    schedules.*,
    greatest(extract(EPOCH FROM clock_timestamp() - next_due_at), 0)::double precision AS overdue_s,
    extract(EPOCH FROM clock_timestamp() - latest.succeeded_at)::double precision AS since_success_s
FROM schedules
CROSS JOIN LATERAL (
    SELECT max(jobs.finished_at) AS succeeded_at
    FROM (
        SELECT job_tags.id FROM job_tags
        WHERE job_tags.tag = 'schedule:' || schedules.name
        ORDER BY job_tags.accepted_at DESC, job_tags.id DESC
        LIMIT $2
    ) AS recent
    -- Anybody may give his jobs this tag.
    INNER JOIN jobs ON recent.id = jobs.id AND jobs.owner = $3 AND jobs.state = 'succeeded'
) AS latest
WHERE name = ANY ($1);
