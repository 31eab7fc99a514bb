-- name: stage
CREATE TEMPORARY TABLE staged (
    row_number integer NOT NULL,
    business_date date NOT NULL,
    key_hash bytea NOT NULL,
    data jsonb NOT NULL
) ON COMMIT DROP;

-- name: lock_source
SELECT pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('switchyard.facts', $1::text, $2::text, $3::text, $4::text, $5::text)::text, 0)
);

-- The n-th occurrence of a key on a day is a fact of its own: its hash is SHA-256(key_hash, n as 8 bytes).
-- name: identify_number
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT
    business_date,
    CASE WHEN occurrence = 1 THEN key_hash ELSE sha256(key_hash || int8send(occurrence)) END AS row_hash,
    data,
    1::bigint AS file_rows
FROM (
    SELECT *, row_number() OVER (PARTITION BY business_date, key_hash ORDER BY row_number) AS occurrence
    FROM staged
) AS numbered;

-- All occurrences make one fact: of each field the last value that is not empty.
-- name: identify_merge
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT
    business_date,
    key_hash AS row_hash,
    jsonb_object_agg(field.key, field.value ORDER BY field.value NOT IN ('null', '""'), row_number) AS data,
    count(DISTINCT row_number) AS file_rows
FROM staged, jsonb_each(data) AS field
GROUP BY business_date, key_hash;

-- The first occurrence is the fact; set_aside takes the others.
-- name: identify_quarantine
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT DISTINCT ON (business_date, key_hash) business_date, key_hash AS row_hash, data, 1::bigint AS file_rows
FROM staged
ORDER BY business_date, key_hash, row_number;

-- name: forget_set_aside
DELETE FROM quarantined_rows WHERE file_id = $1;

-- name: set_aside
WITH repeated AS (
    SELECT *, first_value(row_number) OVER (PARTITION BY business_date, key_hash ORDER BY row_number) AS first_row
    FROM staged
), added AS (
    INSERT INTO quarantined_rows (file_id, row_number, reason, data)
    SELECT $1, row_number, 'has the key of row ' || first_row, data
    FROM repeated
    WHERE row_number > first_row
    RETURNING 1
)
SELECT count(*) AS quarantined FROM added;

-- name: count_staged
SELECT count(*) AS staged FROM staged;

-- name: analyse
ANALYZE incoming;

-- Facts that are as the file says, and were last seen in this very file, are not touched. The lock on the source
-- makes the comparison hold: nobody else writes these facts between it and the upsert.
-- name: load
WITH compared AS (
    SELECT
        i.business_date,
        i.row_hash,
        i.file_rows,
        f.data AS stored,
        f.file_id AS stored_file,
        CASE
            WHEN $8::boolean AND f.data <> i.data THEN f.data || coalesce(
                (SELECT jsonb_object_agg(key, value) FROM jsonb_each(i.data) WHERE value NOT IN ('null', '""')), '{}'
            )
            ELSE i.data
        END AS data
    FROM incoming AS i
    LEFT JOIN facts AS f
        ON f.platform = $1 AND f.shop_id = $2 AND f.domain = $3 AND f.sub_domain = $4 AND f.granularity = $5
        AND f.business_date = i.business_date AND f.row_hash = i.row_hash
), changed AS (
    SELECT * FROM compared WHERE stored IS NULL OR stored <> data OR stored_file <> $6
), written AS (
    INSERT INTO facts (
        platform, shop_id, domain, sub_domain, granularity, business_date, row_hash,
        data, currency, file_id, template_id, first_seen_at, last_seen_at
    )
    SELECT $1, $2, $3, $4, $5, business_date, row_hash, data, $9, $6, $7, now(), now()
    FROM changed
    ON CONFLICT (platform, shop_id, domain, sub_domain, granularity, business_date, row_hash) DO UPDATE
    SET
        data = excluded.data,
        currency = excluded.currency,
        file_id = excluded.file_id,
        template_id = excluded.template_id,
        last_seen_at = excluded.last_seen_at
    RETURNING 1
)
SELECT
    coalesce(sum(file_rows) FILTER (WHERE stored IS NULL), 0)::bigint AS inserted,
    coalesce(sum(file_rows) FILTER (WHERE stored <> data), 0)::bigint AS updated,
    coalesce(sum(file_rows) FILTER (WHERE stored = data), 0)::bigint AS unchanged,
    (SELECT count(*) FROM changed) AS to_write,
    (SELECT count(*) FROM written) AS written
FROM compared;
