"""The job engine: what a job is, how it is accepted, queued, run and ended.

A map, lower layers first; a module imports only from lower ones:

    words      model, keys, ids, errors, environment, settings, codec, logs, cancelling
    policy     lifecycle, retry, arguments, registry, outcome
    stores     stores/: database (the one door to PostgreSQL), jobs, queue and signals (Redis)
    use cases  submit, recover, wait, progress, context, processes, execute
    entries    worker, __main__

`jobs.tasks` holds the functions that jobs run. Only composition roots know it.
"""
