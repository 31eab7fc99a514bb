"""The stores: PostgreSQL, which holds what was accepted, and Redis, which holds what waits. The only I/O here."""
