-- owner: jobs.tasks.data_sync
-- What a file's sync leaves behind beside facts: how the headers differ, when to try again, rows that were set aside and
-- mended, and how good the data were.

-- `tries` counts syncs since the last that loaded it; `next_attempt_at` is when another may be worth it, null: none is.
ALTER TABLE files
    ADD COLUMN tries integer NOT NULL DEFAULT 0,
    ADD COLUMN next_attempt_at timestamptz,
    ADD COLUMN header_difference jsonb,
    ADD COLUMN currency text;

-- Who is due, and who waits for a template.
CREATE INDEX files_due ON files (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- The files of a source, newest last: for their row counts, and for those that a new template fits.
CREATE INDEX files_source ON files (platform, domain, granularity, sub_domain, shop_id, id);

-- By field: what a value must be for its row to be loaded, and what it should be for a good score.
ALTER TABLE templates
    ADD COLUMN types jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN ranges jsonb NOT NULL DEFAULT '{}';

-- `problems` names the fields. Identity is there where the row has one, and with it its place among the occurrences of
-- its key. A row that was replayed stays, so that another sync of the file knows it as loaded.
ALTER TABLE quarantined_rows
    ADD COLUMN problems jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN business_date date,
    ADD COLUMN key_hash bytea,
    ADD COLUMN occurrence bigint,
    ADD COLUMN replayed_at timestamptz;

-- Counted from what was read and loaded, in the transaction that loads; `parts` says how.
CREATE TABLE quality_reports (
    file_id uuid PRIMARY KEY REFERENCES files,
    job_id text NOT NULL,
    rows_read bigint NOT NULL,
    score double precision,
    parts jsonb NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE batch_quality_reports (
    batch_id text PRIMARY KEY,
    files integer NOT NULL,
    files_measured integer NOT NULL,
    rows_read bigint NOT NULL,
    score double precision,
    parts jsonb NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT now()
);
