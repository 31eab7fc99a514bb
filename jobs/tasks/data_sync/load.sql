-- name: stage
CREATE TEMPORARY TABLE staged (
    row_number integer NOT NULL,
    business_date date,
    key_hash bytea,
    data jsonb NOT NULL,
    problems jsonb
) ON COMMIT DROP;

-- A row that cannot be loaded came without key_hash, and with all that is known of it in its data.
-- name: sort_out
UPDATE staged
SET
    business_date = (data ->> 'day')::date,
    key_hash = decode(data ->> 'key', 'hex'),
    data = data -> 'row',
    problems = data -> 'problems'
WHERE key_hash IS NULL;

-- Whoever takes it and the row of a file takes it first.
-- name: lock_source
SELECT pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('switchyard.facts', $1::text, $2::text, $3::text, $4::text, $5::text)::text, 0)
);

-- The n-th occurrence of a key on a day is a fact of its own: its hash is SHA-256(key_hash, n as 8 bytes). Rows that are
-- set aside count too, where they have an identity, so that the others keep theirs once those are mended.
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
) AS numbered
WHERE problems IS NULL;

-- All occurrences make one fact: of each field the last value that is not empty. What is but white space is empty.
-- name: identify_merge
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT
    business_date,
    key_hash AS row_hash,
    jsonb_object_agg(field.key, field.value ORDER BY coalesce(field.value #>> '{}', '') ~ '[^\s\u00a0\u3000]', row_number) AS data,
    count(DISTINCT row_number) AS file_rows
FROM staged, jsonb_each(data) AS field
WHERE problems IS NULL
GROUP BY business_date, key_hash;

-- The first occurrence is the fact; gather_repeated takes the others.
-- name: identify_quarantine
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT DISTINCT ON (business_date, key_hash) business_date, key_hash AS row_hash, data, 1::bigint AS file_rows
FROM staged
WHERE problems IS NULL
ORDER BY business_date, key_hash, row_number;

-- name: gather_faulty
CREATE TEMPORARY TABLE aside ON COMMIT DROP AS
SELECT
    row_number,
    (
        SELECT string_agg((problem ->> 'field') || ' ' || (problem ->> 'detail'), '; ')
        FROM jsonb_array_elements(problems) AS problem
    ) AS reason,
    problems,
    data,
    business_date,
    key_hash,
    CASE WHEN business_date IS NOT NULL AND key_hash IS NOT NULL THEN occurrence END AS occurrence
FROM (
    SELECT *, row_number() OVER (PARTITION BY business_date, key_hash ORDER BY row_number) AS occurrence
    FROM staged
) AS numbered
WHERE problems IS NOT NULL;

-- name: gather_repeated
INSERT INTO aside (row_number, reason, problems, data, business_date, key_hash)
SELECT
    row_number,
    'has the key of row ' || first_row,
    (
        SELECT jsonb_agg(jsonb_build_object('field', name, 'detail', 'is that of row ' || first_row))
        FROM unnest($1::text[]) AS name
    ),
    data,
    business_date,
    key_hash
FROM (
    SELECT *, first_value(row_number) OVER (PARTITION BY business_date, key_hash ORDER BY row_number) AS first_row
    FROM staged
    WHERE problems IS NULL
) AS repeated
WHERE row_number > first_row;

-- name: forget_set_aside
DELETE FROM quarantined_rows WHERE file_id = $1 AND replayed_at IS NULL;

-- A row that was replayed is a fact: it is not set aside again, unless it is another row by now.
-- name: set_aside
WITH added AS (
    INSERT INTO quarantined_rows AS held (
        file_id, row_number, reason, problems, data, business_date, key_hash, occurrence
    )
    SELECT $1, row_number, reason, problems, data, business_date, key_hash, occurrence FROM aside
    ON CONFLICT (file_id, row_number) DO UPDATE
    SET
        reason = excluded.reason,
        problems = excluded.problems,
        data = excluded.data,
        business_date = excluded.business_date,
        key_hash = excluded.key_hash,
        occurrence = excluded.occurrence,
        created_at = now(),
        replayed_at = NULL
    WHERE held.data <> excluded.data
    RETURNING 1
)
SELECT (SELECT count(*) FROM added) AS quarantined, (SELECT count(*) FROM aside) AS gathered;

-- name: count_staged
SELECT count(*) AS staged FROM staged;

-- name: analyse
ANALYZE incoming;

-- Facts that are as the file says, and were last seen in this very file, are not touched. The lock on the source
-- makes the comparison hold: nobody else writes these facts between it and the upsert. White space is no value.
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
                (SELECT jsonb_object_agg(key, value) FROM jsonb_each(i.data) WHERE value #>> '{}' ~ '[^\s\u00a0\u3000]'), '{}'
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
