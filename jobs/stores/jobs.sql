-- name: insert
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at)
VALUES ($1, $2, $3, $4, 'accepted', $5, $6, $7, $8, $9, coalesce($10, now() + make_interval(secs => $11)))
RETURNING *;

-- name: get
SELECT * FROM jobs WHERE id = $1 AND ($2::text IS NULL OR owner = $2);

-- name: enqueued
UPDATE jobs
SET state = CASE WHEN run_at > now() THEN 'scheduled' ELSE 'queued' END
WHERE id = $1 AND state = 'accepted'
RETURNING *;

-- name: not_enqueued
SELECT * FROM jobs
WHERE state = 'accepted' AND accepted_at < now() - make_interval(secs => $1)
ORDER BY accepted_at
LIMIT $2;

-- name: start
UPDATE jobs
SET state = 'running', tries = tries + 1, fence = fence + 1, started_at = now(), progress = NULL
WHERE id = $1 AND state = ANY ($2)
RETURNING *;

-- name: progress
UPDATE jobs SET progress = $3 WHERE id = $1 AND fence = $2 AND state = 'running';

-- name: finish
UPDATE jobs
SET state = $3, result = $4, error = $5, finished_at = now()
WHERE id = $1 AND fence = $2 AND state = 'running'
RETURNING id;

-- name: retry_later
UPDATE jobs SET state = 'retrying', error = $3 WHERE id = $1 AND fence = $2 AND state = 'running';

-- name: hand_back
UPDATE jobs
SET state = 'queued', tries = tries - 1
WHERE id = $1 AND fence = $2 AND state = 'running';

-- name: refuse
UPDATE jobs
SET state = 'failed', error = $2, finished_at = now()
WHERE id = $1 AND state = ANY ($3)
RETURNING id;
