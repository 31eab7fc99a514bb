"""What the web processes keep in PostgreSQL and in Redis beside the job engine's own."""
