"""What the limiter costs, beside `limits` and slowapi on the same Redis."""
