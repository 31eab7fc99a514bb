-- owner: jobs
-- Which site this is, and which content of Redis is its own: so that a Redis that has lost something is noticed.

CREATE TABLE site (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    site_id text NOT NULL DEFAULT gen_random_uuid(),
    epoch text,
    redis text NOT NULL DEFAULT '',
    tick bigint NOT NULL DEFAULT 0,
    rebuilt_at timestamptz,
    steward text,
    steward_until timestamptz
);

-- Events that cannot be written into the history, for somebody to look at.
CREATE TABLE dead_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    told text NOT NULL,
    reason text NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now()
);

-- A rebuild goes by owner, in the order of acceptance, and so does the reconciler.
DROP INDEX jobs_unfinished;
CREATE INDEX jobs_unfinished ON jobs (owner, accepted_at, id) WHERE finished_at IS NULL;

-- What has ended since some time; and what is old enough to be dropped.
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- A file stays when the job that read it is dropped.
ALTER TABLE files
DROP CONSTRAINT files_job_id_fkey,
ADD FOREIGN KEY (job_id) REFERENCES jobs (id) ON DELETE SET NULL;
