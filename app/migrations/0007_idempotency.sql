-- owner: jobs
-- What submissions with an Idempotency-Key have led to. A key is good for a day; later ones take its place.

CREATE TABLE idempotency_keys (
    owner text NOT NULL,
    key text NOT NULL,
    print text NOT NULL,
    job_id text NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, key)
);

-- Each use drops a few that are over.
CREATE INDEX idempotency_keys_age ON idempotency_keys (accepted_at);
