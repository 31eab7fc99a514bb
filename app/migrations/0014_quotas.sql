-- owner: jobs
-- What owners may have: the tier that gives their numbers, and those of their own. Redis has a copy, which the stewards
-- keep like this.

CREATE TABLE quotas (
    owner text PRIMARY KEY,
    tier text NOT NULL CHECK (tier IN ('admin', 'premium', 'normal', 'anonymous')),
    max_running integer CHECK (max_running >= 0),
    max_waiting integer CHECK (max_waiting >= 0),
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Whose API key comes from the settings.
INSERT INTO quotas (owner, tier) VALUES ('admin', 'admin');

-- Who was made a user before.
INSERT INTO quotas (owner, tier) SELECT id, role FROM users;
