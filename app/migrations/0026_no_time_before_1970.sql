-- owner: jobs
-- A time to start that was taken though it is before Christ in UTC, which no list can be read with. It was due at once.

UPDATE jobs SET run_at = accepted_at WHERE run_at < '1970-01-01Z';
