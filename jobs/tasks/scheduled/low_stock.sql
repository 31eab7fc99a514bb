-- Two checks at once would each open what the other has not committed. A process that stands still with the lock in
-- its hand, stopped or swapped out, is cut off, or whoever takes its job over would wait for it.
-- name: lock
SELECT
    set_config('idle_in_transaction_session_timeout', '10s', true),
    pg_advisory_xact_lock(hashtextextended('switchyard.low_stock', 0));

-- name: templates
SELECT id, platform, sub_domain, granularity, version, state, fields FROM templates
WHERE domain = 'inventory' AND state <> 'draft'
ORDER BY platform, sub_domain, granularity, version;

-- $1: by template, the headers that say what; $2: how many days back from a source's newest an item may have been
-- listed last. A day that is yet to come is a mistake in a file: it would make all others look old.
-- name: check
WITH told AS (
    SELECT * FROM jsonb_to_recordset($1) AS told (id uuid, sku text, warehouse text, stock text, safety_stock text)
), source AS (
    SELECT platform, shop_id, sub_domain, granularity, newest.day
    FROM (SELECT DISTINCT platform, shop_id, sub_domain, granularity FROM files WHERE domain = 'inventory') AS known
    CROSS JOIN LATERAL (
        SELECT max(facts.business_date) AS day
        FROM facts
        WHERE facts.domain = 'inventory' AND facts.platform = known.platform AND facts.shop_id = known.shop_id
            AND facts.sub_domain = known.sub_domain AND facts.granularity = known.granularity
            AND facts.business_date <= current_date + 1
    ) AS newest
), seen AS (
    SELECT
        facts.platform,
        facts.shop_id,
        told.id IS NOT NULL AS is_told,
        btrim(facts.data ->> told.sku) AS sku,
        coalesce(btrim(facts.data ->> told.warehouse), '') AS warehouse,
        btrim(facts.data ->> told.stock) AS stock,
        btrim(facts.data ->> told.safety_stock) AS safety_stock,
        facts.business_date,
        facts.last_seen_at,
        facts.file_id
    FROM source
    INNER JOIN facts
        ON facts.domain = 'inventory' AND facts.platform = source.platform AND facts.shop_id = source.shop_id
        AND facts.sub_domain = source.sub_domain AND facts.granularity = source.granularity
        AND facts.business_date BETWEEN source.day - $2::integer AND source.day
    LEFT JOIN told ON facts.template_id = told.id
), read AS (
    -- A comma parts thousands in threes, as where a template says that a field is a number; 1,5 is no fifteen.
    SELECT
        *,
        CASE WHEN stock ~ number.form THEN replace(stock, ',', '')::numeric END AS has,
        CASE WHEN safety_stock ~ number.form THEN replace(safety_stock, ',', '')::numeric END AS needs
    FROM seen
    CROSS JOIN (
        VALUES ('^[+-]?([0-9]{1,30}|[0-9]{1,3}(,[0-9]{3}){1,9})(\.[0-9]{1,30})?$')
    ) AS number (form)
    WHERE is_told AND sku <> ''
), item AS (
    -- The newest row of each; of several in one file, as of one a batch, the lowest stock.
    SELECT DISTINCT ON (platform, shop_id, sku, warehouse) *
    FROM read
    ORDER BY platform, shop_id, sku, warehouse, business_date DESC, last_seen_at DESC, has
), low AS (
    SELECT item.*, coalesce(files.owner, 'system') AS owner
    FROM item
    LEFT JOIN files ON item.file_id = files.id
    WHERE has < needs
), unread AS (
    SELECT * FROM item WHERE has IS NULL OR (needs IS NULL AND safety_stock <> '')
), closed AS (
    UPDATE alerts SET closed_at = now(), checked_at = now()
    WHERE kind = 'low_stock' AND closed_at IS NULL
        AND NOT EXISTS (
            SELECT FROM (SELECT platform, shop_id, sku, warehouse FROM low
                UNION ALL SELECT platform, shop_id, sku, warehouse FROM unread) AS lasting
            WHERE lasting.platform = alerts.platform AND lasting.shop_id = alerts.shop_id
                AND lasting.sku = alerts.sku AND lasting.warehouse = alerts.warehouse
        )
        -- What a shop's files say that nobody can read any more is not known to be over.
        AND NOT EXISTS (
            SELECT FROM seen
            WHERE NOT seen.is_told AND seen.platform = alerts.platform AND seen.shop_id = alerts.shop_id
        )
    RETURNING 1
), opened AS (
    INSERT INTO alerts (
        id, kind, owner, platform, shop_id, sku, warehouse, stock, safety_stock, business_date, file_id
    )
    SELECT
        gen_random_uuid(), 'low_stock', owner, platform, shop_id, sku, warehouse, has, needs, business_date, file_id
    FROM low
    ON CONFLICT (kind, platform, shop_id, sku, warehouse) WHERE closed_at IS NULL DO UPDATE
    SET
        owner = excluded.owner,
        stock = excluded.stock,
        safety_stock = excluded.safety_stock,
        business_date = excluded.business_date,
        file_id = excluded.file_id,
        checked_at = now()
    RETURNING xmax = 0 AS is_new
)
SELECT
    (SELECT count(*) FROM item WHERE has IS NOT NULL AND needs IS NOT NULL) AS checked,
    (SELECT count(*) FROM unread) AS unreadable,
    (SELECT count(*) FROM opened) AS low,
    (SELECT count(*) FROM opened WHERE is_new) AS opened,
    (SELECT count(*) FROM closed) AS closed;
