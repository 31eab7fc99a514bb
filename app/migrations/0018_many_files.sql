-- owner: jobs.tasks.data_sync
-- Syncs of many files: which submissions there were, and which files are to be taken next.

-- One row for each submission that began a sync, of a file or of a batch of them; it goes with its job or batch.
CREATE TABLE syncs (
    id text PRIMARY KEY,
    owner text NOT NULL,
    job_id text UNIQUE REFERENCES jobs ON DELETE CASCADE,
    batch_id text UNIQUE REFERENCES batches ON DELETE CASCADE,
    files integer NOT NULL CHECK (files >= 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (id = coalesce(job_id, batch_id))
);

CREATE INDEX syncs_by_owner ON syncs (owner, created_at, id);
CREATE INDEX syncs_by_time ON syncs (created_at, id);

-- The oldest that nobody has synced yet; those that are due again have an index of their own.
CREATE INDEX files_pending ON files (id) WHERE state = 'pending';

-- Those that are being loaded, or were when their job ended without a word.
CREATE INDEX files_processing ON files (id) WHERE state = 'processing';

-- Lists, newest first: of an owner, and of everybody.
CREATE INDEX files_by_owner ON files (owner, created_at, id);
CREATE INDEX files_by_time ON files (created_at, id);
