-- owner: app
-- Sessions that were begun with a key in place of a password. One of a user's key ends with that key. One of the key of
-- the settings is of nobody who has a row; its `sha256` is sealed with that key, and fits no other.

ALTER TABLE sessions ALTER COLUMN user_id DROP NOT NULL;
ALTER TABLE sessions ADD COLUMN api_key_id text REFERENCES api_keys ON DELETE CASCADE;

CREATE INDEX sessions_key ON sessions (api_key_id) WHERE api_key_id IS NOT NULL;
