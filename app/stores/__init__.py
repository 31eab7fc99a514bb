"""What the HTTP side keeps: the only I/O here.

In PostgreSQL users, API keys, sessions and limits; in Redis failed logins, a copy of the limits, counts of requests.
"""
