-- owner: jobs
-- What a submitter may ask for beside the work itself: that nobody else does it at the same time, and that it is not
-- done too late; and the wish to cancel, which is kept here until the job has ended.

ALTER TABLE jobs
ADD COLUMN unique_key text,
ADD COLUMN expires_at timestamptz,
ADD COLUMN cancel_requested_at timestamptz;

-- Redis decides who has a name. This one only finds him while Redis is away.
CREATE INDEX jobs_unique ON jobs (task, owner, unique_key) WHERE unique_key IS NOT NULL AND finished_at IS NULL;

-- The reconciler goes through all unfinished jobs, again and again.
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished_at IS NULL;

-- The recoverer looks here every few seconds; in normal times the index is all but empty.
CREATE INDEX jobs_cancel_wanted ON jobs (cancel_requested_at)
WHERE cancel_requested_at IS NOT NULL AND finished_at IS NULL;
