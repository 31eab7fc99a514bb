-- owner: jobs
-- Lists of what has not ended, of a task or a queue and of what is not due: each read no further than a page, however
-- much else waits. The first costs some 0.3 kB of the log a job, from its acceptance to its end; the second nothing
-- where nothing is scheduled. Whoever has very many jobs builds both before, as it says in 0009_lists.sql.

CREATE INDEX IF NOT EXISTS jobs_unfinished_of_task ON jobs (queue, task, accepted_at, id) WHERE finished_at IS NULL;

CREATE INDEX IF NOT EXISTS jobs_in_state ON jobs (state, accepted_at, id)
WHERE state IN ('running', 'retrying', 'scheduled');

DROP INDEX jobs_active;
