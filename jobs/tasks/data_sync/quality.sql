-- Of what was staged by this transaction. `failing`: fields of $1 that a row was set aside for.
-- name: measure
SELECT
    count(*) AS rows,
    count(*) FILTER (WHERE problems IS NULL) AS sound,
    (
        SELECT count(DISTINCT (staged.row_number, problem ->> 'field'))
        FROM staged, jsonb_array_elements(staged.problems) AS problem
        WHERE problem ->> 'field' = ANY ($1::text[])
    ) AS failing,
    (
        SELECT count(*) FROM staged, jsonb_each_text(staged.data) AS cell
        WHERE staged.problems IS NULL AND (cell.value IS NULL OR btrim(cell.value) = '')
    ) AS empty,
    (
        SELECT count(*) FROM (
            SELECT DISTINCT business_date, key_hash FROM staged WHERE problems IS NULL
        ) AS identities
    ) AS keys
FROM staged;

-- Numbers against the ranges of their fields ($1), days against those that the file says to be of ($2, $3).
-- name: ranges
WITH numbers AS (
    SELECT
        CASE
            WHEN btrim(staged.data ->> told.name) ~ '^[+-]?([0-9][0-9,]*\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$'
                THEN replace(btrim(staged.data ->> told.name), ',', '')::numeric
        END AS value,
        (told.bounds ->> 'minimum')::numeric AS minimum,
        (told.bounds ->> 'maximum')::numeric AS maximum
    FROM staged, jsonb_each($1::jsonb) AS told (name, bounds)
    WHERE staged.problems IS NULL AND length(staged.data ->> told.name) < 100
), days AS (
    SELECT business_date FROM staged
    WHERE problems IS NULL AND coalesce($2::date, $3::date) IS NOT NULL
)
SELECT
    (SELECT count(value) FROM numbers) + (SELECT count(*) FROM days) AS checked,
    (SELECT count(*) FROM numbers WHERE value < minimum OR value > maximum)
    + (SELECT count(*) FROM days WHERE business_date < $2 OR business_date > $3) AS outside;

-- Ids of files rise.
-- name: earlier
SELECT quality_reports.rows_read
FROM files
INNER JOIN quality_reports ON files.id = quality_reports.file_id
WHERE files.platform = $1 AND files.shop_id = $2 AND files.domain = $3 AND files.sub_domain = $4
    AND files.granularity = $5 AND files.id < $6
ORDER BY files.id DESC
LIMIT 10;

-- name: keep
INSERT INTO quality_reports (file_id, job_id, rows_read, score, parts) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (file_id) DO UPDATE
SET
    job_id = excluded.job_id,
    rows_read = excluded.rows_read,
    score = excluded.score,
    parts = excluded.parts,
    measured_at = now();

-- name: get
SELECT rows_read, score, parts, measured_at FROM quality_reports WHERE file_id = $1;

-- name: of_files
SELECT rows_read, score, parts, measured_at FROM quality_reports WHERE file_id = ANY ($1::uuid[]);

-- A report counts for the batch whose job has made it.
-- name: of_batch
SELECT quality_reports.rows_read, quality_reports.score, quality_reports.parts, quality_reports.measured_at
FROM jobs
INNER JOIN batches ON jobs.batch_id = batches.id
LEFT JOIN quality_reports
    ON quality_reports.job_id = jobs.id AND quality_reports.file_id::text = jobs.args ->> 'file_id'
WHERE batches.id = $1 AND batches.owner = $2 AND jobs.task = 'sync_file';

-- name: keep_batch
INSERT INTO batch_quality_reports (batch_id, files, files_measured, rows_read, score, parts)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (batch_id) DO UPDATE
SET
    files = excluded.files,
    files_measured = excluded.files_measured,
    rows_read = excluded.rows_read,
    score = excluded.score,
    parts = excluded.parts,
    measured_at = now();
