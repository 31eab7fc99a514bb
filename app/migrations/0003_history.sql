-- owner: jobs
-- The history is written from events, in any order and again: the version tells which of a run's is the latest.

ALTER TABLE jobs ADD COLUMN version bigint NOT NULL DEFAULT 0;
