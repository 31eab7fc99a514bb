-- name: read
SELECT
    -- The tick is that of this clock. A site that no steward has entered has no row, and one that none has compared 0.
    (
        SELECT extract(EPOCH FROM clock_timestamp())::double precision - tick / 1000.0
        FROM site WHERE tick > 0
    ) AS tick_age_s,
    (
        SELECT count(*) FROM (
            SELECT FROM jobs
            WHERE
                state = 'accepted' AND cancel_requested_at IS NULL
                AND accepted_at < now() - make_interval(secs => $1)
            LIMIT $2
        ) AS counted
    ) AS not_enqueued;
