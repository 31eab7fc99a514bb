"""Where buckets are kept, as storages of `limits`: what they have in common, one in Redis, one in memory."""
