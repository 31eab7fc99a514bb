"""What the HTTP side keeps: users, API keys and sessions in PostgreSQL, failed logins in Redis. The only I/O here."""
