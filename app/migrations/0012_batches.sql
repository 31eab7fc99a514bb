-- owner: jobs
-- Jobs that were accepted together. How they do is counted when somebody asks, and kept once all have ended.

CREATE TABLE batches (
    id text PRIMARY KEY,
    owner text NOT NULL,
    name text,
    total integer NOT NULL CHECK (total >= 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    counts jsonb,
    -- The job that is to be made when all have ended, as it was accepted: nothing once it has been made.
    on_complete jsonb,
    on_complete_job_id text,
    -- A member has ended since somebody looked whether all have.
    stirred boolean NOT NULL DEFAULT false
);

-- A steward looks here twice a second; in normal times the index is all but empty.
CREATE INDEX batches_stirred ON batches (id) WHERE stirred AND finished_at IS NULL;

-- What is old enough to be dropped.
CREATE INDEX batches_finished ON batches (finished_at) WHERE finished_at IS NOT NULL;

-- The members, and the job that their ends have led to.
ALTER TABLE jobs ADD COLUMN batch_id text;

-- To count members by state, and to see at one glance whether one has not ended.
CREATE INDEX jobs_batch ON jobs (batch_id, finished_at) WHERE batch_id IS NOT NULL;
