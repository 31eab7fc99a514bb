-- owner: jobs
-- How the tries of a job went that did not end it well. A try that goes on, or with which the job succeeded, has no row:
-- the job's own tells of it, by fence, worker and started_at. So nearly all jobs cost no row more.

-- Who began the try that `fence` names; NULL, as is started_at, until the history has heard of its start.
ALTER TABLE jobs ADD COLUMN worker text;

-- No foreign key: a check for each row costs, and whoever drops a job drops its tries with it. The key serves that too.
CREATE TABLE tries (
    job_id text NOT NULL,
    run bigint NOT NULL,
    fence bigint NOT NULL,
    try integer NOT NULL,
    worker text,
    began_at timestamptz,
    ended_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('retrying', 'failed', 'cancelled', 'lost', 'handed_back')),
    error jsonb,
    traceback text,
    version bigint NOT NULL,
    PRIMARY KEY (job_id, run, fence)
);
