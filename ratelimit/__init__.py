"""The token bucket that guards each user and each address, as an extension of the `limits` library.

    bucket       what is asked of buckets and what they answer
    arithmetic   the bucket in whole numbers; the specification of lua/acquire.lua
    notation     limits as people write them
    keys         the names in Redis
    translation  requests to numbers, numbers to decisions
    script       the script's arguments and answer
    levels       the levels in memory, bounded
    coalescer    the calls of one turn as one pipeline
    questions    what is asked by such calls; those who want the same ask once
    storage/     buckets in Redis and in memory, as storages of `limits`: both are `bucket.Buckets`
    strategy     buckets as a strategy of `limits`
    limiter      what everybody asks: Redis' buckets, and others in their place while it is away
    breaker      whether Redis is asked
    deadline     how long it is waited for
    denials      who was just denied
    stand_in     what decides while Redis is away
    debts        what it does not know of yet
    settlement   how it is told
    probe        the loop that finds it again
    counters     how often Redis was given up, and what it was told afterwards

    policy       who draws from which buckets
    document     all limits, as people write them together
    settings     the limits that are in force until somebody changes them
    ledger       what was decided, counted until somebody stores it
    anomalies    who asks for far more than he used to
    headers      what is said of a decision in an answer's headers

It knows neither `app` nor `jobs`.
"""
