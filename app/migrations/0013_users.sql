-- owner: app
-- Who may log in, by which API keys, and who is logged in. Nothing in here opens a door: passwords are kept as argon2,
-- keys and tokens are long and random, and only their SHA-256 is kept. A key or session that is revoked is deleted.

CREATE TABLE users (
    id text PRIMARY KEY,
    username text NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('admin', 'premium', 'normal')),
    password_hash text NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX users_created ON users (created_at, id);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE sessions (
    id text PRIMARY KEY,
    user_id text NOT NULL REFERENCES users,
    sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- The same bytes are one file of an owner's; what others have uploaded is not his to see.
ALTER TABLE files DROP CONSTRAINT files_sha256_key;
ALTER TABLE files ADD UNIQUE (sha256, owner);
