-- owner: jobs.tasks.scheduled
-- What the shipped schedules leave behind: alerts, and the backups that there are.

-- A condition that holds, or held, from when it was first seen to when it was over.
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('low_stock')),
    owner text NOT NULL,
    platform text NOT NULL,
    shop_id text NOT NULL,
    sku text NOT NULL,
    warehouse text NOT NULL DEFAULT '',
    stock numeric NOT NULL,
    safety_stock numeric NOT NULL,
    business_date date NOT NULL,
    file_id uuid NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);

-- It is opened once while it lasts.
CREATE UNIQUE INDEX alerts_open ON alerts (kind, platform, shop_id, sku, warehouse) WHERE closed_at IS NULL;

-- Newest first, of all or of one owner.
CREATE INDEX alerts_opened ON alerts (opened_at, id);
CREATE INDEX alerts_owner ON alerts (owner, opened_at, id);

-- What is old enough to be dropped.
CREATE INDEX alerts_closed ON alerts (closed_at) WHERE closed_at IS NOT NULL;

-- The files are where JOBS_BACKUP_DIR says; a row is written once its file is whole.
CREATE TABLE backups (
    name text PRIMARY KEY,
    bytes bigint NOT NULL,
    began_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now()
);
