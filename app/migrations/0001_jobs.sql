-- owner: jobs
-- What was accepted and what became of it. An id is text: stock arq clients choose theirs freely.

CREATE TABLE jobs (
    id text PRIMARY KEY,
    task text NOT NULL,
    queue text NOT NULL,
    owner text NOT NULL,
    state text NOT NULL CHECK (
        state IN (
            'accepted', 'scheduled', 'queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled', 'expired'
        )
    ),
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 10),
    args jsonb NOT NULL,
    tags text[] NOT NULL,
    run bigint NOT NULL DEFAULT 1,
    fence bigint NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    max_tries integer NOT NULL CHECK (max_tries >= 1),
    timeout_s double precision NOT NULL CHECK (timeout_s > 0),
    accepted_at timestamptz NOT NULL DEFAULT now(),
    run_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    progress jsonb,
    result jsonb,
    error jsonb
);

-- The recoverer looks here every few seconds; in normal times the index is all but empty.
CREATE INDEX jobs_not_enqueued ON jobs (accepted_at) WHERE state = 'accepted';
