-- name: list
SELECT row_number, reason, problems, data, created_at
FROM quarantined_rows
WHERE file_id = $1 AND row_number > $2 AND replayed_at IS NULL
ORDER BY row_number
LIMIT $3;

-- A run that ended without a word leaves `processing` behind.
-- name: lock_file
SELECT
    CASE
        WHEN files.state = 'processing' AND (jobs.id IS NULL OR jobs.finished_at IS NOT NULL) THEN 'failed'
        ELSE files.state
    END AS state,
    files.currency
FROM files
LEFT JOIN jobs ON files.job_id = jobs.id
WHERE files.id = $1
FOR UPDATE OF files;

-- name: get
SELECT data, business_date, key_hash, occurrence, replayed_at
FROM quarantined_rows
WHERE file_id = $1 AND row_number = $2;

-- name: staged
SELECT business_date, key_hash, problems FROM staged;

-- The first place among the occurrences of a key that neither this file nor a later one has taken, and that no other row
-- in this quarantine is to have. Ids of files rise.
-- name: free_occurrence
SELECT place.occurrence
FROM (SELECT generate_series(1::bigint, 100000000) AS occurrence) AS place
WHERE NOT EXISTS (
    SELECT FROM facts
    WHERE platform = $1 AND shop_id = $2 AND domain = $3 AND sub_domain = $4 AND granularity = $5
        AND business_date = $6
        AND row_hash = CASE
            WHEN place.occurrence = 1 THEN $7::bytea ELSE sha256($7::bytea || int8send(place.occurrence))
        END
        AND file_id >= $8
) AND NOT EXISTS (
    SELECT FROM quarantined_rows AS other
    WHERE other.file_id = $8 AND other.row_number <> $9 AND other.business_date = $6 AND other.key_hash = $7
        AND other.occurrence = place.occurrence
)
LIMIT 1;

-- name: incoming
CREATE TEMPORARY TABLE incoming (
    business_date date NOT NULL,
    row_hash bytea NOT NULL,
    data jsonb NOT NULL,
    file_rows bigint NOT NULL
) ON COMMIT DROP;

-- name: identify
INSERT INTO incoming (business_date, row_hash, data, file_rows)
SELECT
    business_date,
    CASE WHEN $1::bigint = 1 THEN key_hash ELSE sha256(key_hash || int8send($1::bigint)) END,
    data,
    1
FROM staged;

-- name: resolve
UPDATE quarantined_rows SET replayed_at = now() WHERE file_id = $1 AND row_number = $2;

-- name: settle
UPDATE files SET state = 'ingested'
WHERE id = $1 AND state = 'partial'
    AND NOT EXISTS (SELECT FROM quarantined_rows WHERE file_id = $1 AND replayed_at IS NULL);

-- name: remaining
SELECT count(*) AS remaining, (SELECT state FROM files WHERE id = $1) AS state
FROM quarantined_rows
WHERE file_id = $1 AND replayed_at IS NULL;
