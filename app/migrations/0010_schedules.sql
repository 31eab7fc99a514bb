-- owner: jobs
-- When each schedule was due, and will be. Whoever fires one holds its row, and moves it on in the transaction that
-- accepts the job: so each due time has one job, however many there are that would fire it.

CREATE TABLE schedules (
    name text PRIMARY KEY,
    rule text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    next_due_at timestamptz NOT NULL,
    last_due_at timestamptz,
    -- No foreign key: jobs are dropped by age, and each would be looked for here.
    last_job_id text,
    fired bigint NOT NULL DEFAULT 0,
    missed bigint NOT NULL DEFAULT 0,
    overlapped bigint NOT NULL DEFAULT 0
);
