-- owner: app
-- The limits that administrators have set. While `document` is empty, those of the settings are in force.

CREATE TABLE rate_limits (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 0,
    document jsonb,
    changed_at timestamptz,
    changed_by text
);

INSERT INTO rate_limits DEFAULT VALUES;
