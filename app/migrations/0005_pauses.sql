-- owner: jobs
-- The queues that rest. Redis has a copy, which the workers keep like this.

CREATE TABLE paused_queues (
    queue text PRIMARY KEY,
    paused_at timestamptz NOT NULL DEFAULT now(),
    paused_by text NOT NULL
);
