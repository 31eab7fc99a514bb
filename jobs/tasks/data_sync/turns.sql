-- The first free one of $1 turns, else one by chance, in whose line it waits. Turns are given back with the transaction,
-- also where its connection breaks.
-- name: take
SELECT coalesce(
    (
        SELECT 'free'
        FROM generate_series(1, $1::integer) AS turn
        WHERE pg_try_advisory_xact_lock(hashtext('switchyard.turns'), turn)
        LIMIT 1
    ),
    pg_advisory_xact_lock(hashtext('switchyard.turns'), 1 + floor(random() * $1)::integer)::text
);
