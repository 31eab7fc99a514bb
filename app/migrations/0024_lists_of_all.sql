-- owner: jobs
-- Lists by any filters together, each read no further than a page, or else so far and no further: what may be asked for
-- besides is in the index, so that a job that has ended need not be read to be left out. They take the places of others.
--
-- Whoever has very many jobs builds the four before, as it says in 0009_lists.sql.

-- What was only just accepted is in jobs_not_enqueued.
CREATE INDEX IF NOT EXISTS jobs_of_state ON jobs (state, accepted_at, id) WHERE state <> 'accepted';

-- What has not ended is in jobs_unfinished_of_task, and in jobs_unfinished by its owner.
CREATE INDEX IF NOT EXISTS jobs_of_task ON jobs (queue, task, state, accepted_at, id) WHERE finished_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS jobs_of_owner ON jobs (owner, state, accepted_at, id) INCLUDE (queue, task)
WHERE finished_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS jobs_of_batch ON jobs (batch_id, state, accepted_at, id) INCLUDE (owner, queue, task)
WHERE batch_id IS NOT NULL;

-- Nobody adds a job, and so a tag, until this is committed.
LOCK TABLE jobs IN SHARE MODE;

TRUNCATE job_tags;

ALTER TABLE job_tags ADD COLUMN owner text NOT NULL, DROP CONSTRAINT job_tags_pkey;

CREATE OR REPLACE FUNCTION add_job_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_tags (tag, accepted_at, id, owner)
    SELECT tag, new.accepted_at, new.id, new.owner FROM unnest(new.tags) AS tag
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

INSERT INTO job_tags (tag, accepted_at, id, owner)
SELECT DISTINCT tag, accepted_at, id, owner FROM jobs CROSS JOIN unnest(tags) AS tag;

ALTER TABLE job_tags ADD PRIMARY KEY (tag, accepted_at, id) INCLUDE (owner);

-- Batches are few beside jobs, and deeds too.
CREATE INDEX batches_of_owner ON batches (owner, id);

CREATE INDEX audit_deed ON audit (action, actor, at, id);

-- Last, since from here on nobody reads jobs until this is committed.
DROP INDEX jobs_ended, jobs_in_state, jobs_ended_of_owner, jobs_ended_of_task, jobs_batch;
