"""What it costs to limit a request, beside slowapi on the same Redis."""
