-- name: pause
INSERT INTO paused_queues (queue, paused_by) VALUES ($1, $2) ON CONFLICT (queue) DO NOTHING RETURNING queue;

-- name: resume
DELETE FROM paused_queues WHERE queue = $1 RETURNING queue;

-- name: all
SELECT queue, paused_at FROM paused_queues;
