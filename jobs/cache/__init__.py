"""The cache: values of async functions in Redis, shared by all processes of a site, and gone when what they tell is.

    scopes    what kinds of values there are, and what drops them
    lanes     readers in this process share what begins after they came
    entries   what Redis keeps: values, who makes one, tags, counts
    tags      what PostgreSQL keeps: a version a tag, raised by the transaction that writes
    counts    what this process has counted
    drops     writing, and whether Redis can be trusted to have heard of it
    cache     reading
    cached    the decorator
    opened    a process's cache, with its connections and its loop

PostgreSQL knows what is true and Redis only hurries: without Redis every read is one from PostgreSQL.
"""
