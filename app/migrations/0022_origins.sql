-- owner: jobs
-- Which request has led to a job.

-- Its id, and behind a space the W3C trace context that came with it, if one did (jobs.origin).
ALTER TABLE jobs ADD COLUMN origin text;
