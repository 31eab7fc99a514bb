-- owner: jobs
-- What lists of jobs and of failures are read by. Each of these indexes holds a job only once it has ended or runs, so
-- they cost nothing when a job is accepted, and about half a kilobyte of the log at its end. What has not ended is read
-- by jobs_unfinished, owner by owner.
--
-- Building them keeps `jobs` from being written: some five seconds for a million jobs, in which submissions wait or are
-- accepted by Redis alone. Whoever has many more builds them before, without a lock, by these statements with
-- CONCURRENTLY; what is there is left as it is. README, Deploying.

CREATE INDEX IF NOT EXISTS jobs_ended ON jobs (state, accepted_at, id) WHERE finished_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS jobs_ended_of_owner ON jobs (owner, state, accepted_at, id) WHERE finished_at IS NOT NULL;

-- The queue costs eight bytes here, an index of its own 180 a job.
CREATE INDEX IF NOT EXISTS jobs_ended_of_task ON jobs (queue, task, accepted_at, id) WHERE finished_at IS NOT NULL;

-- These are few beside what waits.
CREATE INDEX IF NOT EXISTS jobs_active ON jobs (state, accepted_at, id) WHERE state IN ('running', 'retrying');

CREATE INDEX IF NOT EXISTS jobs_failed ON jobs (owner, (error ->> 'fingerprint'), finished_at, id)
WHERE state = 'failed';

-- An index of tags, kept by triggers, since PostgreSQL has none that does this: tags never change and most jobs have
-- none, but GIN is written anew with each version of a row, and has no order: a tag of a million jobs would be read
-- whole for a page of it.
CREATE TABLE job_tags (
    tag text NOT NULL,
    accepted_at timestamptz NOT NULL,
    id text NOT NULL,
    PRIMARY KEY (tag, accepted_at, id)
);

CREATE FUNCTION add_job_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO job_tags SELECT tag, new.accepted_at, new.id FROM unnest(new.tags) AS tag ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE FUNCTION drop_job_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM job_tags WHERE tag = ANY (old.tags) AND accepted_at = old.accepted_at AND id = old.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER jobs_add_tags AFTER INSERT ON jobs FOR EACH ROW WHEN (new.tags <> '{}') EXECUTE FUNCTION add_job_tags();

CREATE TRIGGER jobs_drop_tags AFTER DELETE ON jobs FOR EACH ROW WHEN (old.tags <> '{}')
EXECUTE FUNCTION drop_job_tags();

INSERT INTO job_tags SELECT DISTINCT tag, accepted_at, id FROM jobs CROSS JOIN unnest(tags) AS tag;
