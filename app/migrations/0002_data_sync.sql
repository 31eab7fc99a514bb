-- owner: jobs.tasks.data_sync
-- Templates, the catalogue of files, the facts read from them, and the rows that were set aside.

CREATE TABLE templates (
    id uuid PRIMARY KEY,
    platform text NOT NULL,
    domain text NOT NULL,
    sub_domain text NOT NULL,
    granularity text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'published', 'archived')),
    header_row integer NOT NULL CHECK (header_row >= 1),
    fields text[] NOT NULL,
    key_fields text[] NOT NULL,
    required_fields text[] NOT NULL,
    date_field text NOT NULL,
    date_format text,
    repeats text NOT NULL CHECK (repeats IN ('number', 'merge', 'quarantine')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (platform, domain, sub_domain, granularity, version)
);

CREATE TABLE files (
    id uuid PRIMARY KEY,
    sha256 text NOT NULL UNIQUE,
    name text NOT NULL,
    format text NOT NULL,
    size bigint NOT NULL,
    platform text NOT NULL,
    shop_id text NOT NULL,
    domain text NOT NULL,
    sub_domain text NOT NULL,
    granularity text NOT NULL,
    date_from date,
    date_to date,
    owner text NOT NULL,
    state text NOT NULL CHECK (
        state IN (
            'pending', 'processing', 'ingested', 'partial', 'failed', 'needs_template', 'header_changed'
        )
    ),
    -- The job that syncs the file, or did so last, and the fence of its latest start.
    job_id text REFERENCES jobs,
    fence bigint NOT NULL DEFAULT 0,
    template_id uuid REFERENCES templates,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX files_job ON files (job_id);

-- file_id and template_id have no foreign keys: checking them row by row doubles the time of a load, and each is
-- proven by the transaction that writes the rows.
CREATE TABLE facts (
    platform text NOT NULL,
    shop_id text NOT NULL,
    domain text NOT NULL,
    sub_domain text NOT NULL,
    granularity text NOT NULL,
    business_date date NOT NULL,
    row_hash bytea NOT NULL,
    data jsonb NOT NULL,
    currency text,
    file_id uuid NOT NULL,
    template_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (platform, shop_id, domain, sub_domain, granularity, business_date, row_hash)
) PARTITION BY LIST (domain);

CREATE TABLE facts_orders PARTITION OF facts FOR VALUES IN ('orders');
CREATE TABLE facts_products PARTITION OF facts FOR VALUES IN ('products');
CREATE TABLE facts_inventory PARTITION OF facts FOR VALUES IN ('inventory');
CREATE TABLE facts_traffic PARTITION OF facts FOR VALUES IN ('traffic');
CREATE TABLE facts_services PARTITION OF facts FOR VALUES IN ('services');
CREATE TABLE facts_analytics PARTITION OF facts FOR VALUES IN ('analytics');

CREATE TABLE quarantined_rows (
    file_id uuid NOT NULL REFERENCES files,
    row_number integer NOT NULL,
    reason text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (file_id, row_number)
);
