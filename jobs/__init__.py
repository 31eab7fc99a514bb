"""The job engine: what a job is, how it is accepted, queued, run and ended.

A map, lower layers first; a module imports only from lower ones:

    words      model, keys, counters, ids, errors, environment, settings, codec, logs, cancelling
    policy     lifecycle, scoring, retry, arguments, registry, outcome
    stores     stores/: database (the one door to PostgreSQL) and jobs; redis, scripts and lua/, and what they are for:
               queue (putting in line), leases (taking out, keeping, ending), events, signals, statistics
    use cases  the way in: submit, find, wait; a run: context, processes, progress, execute, functions, endings; the
               leases: held, lease_keeper, outage; one queue's slots: intake; all of a worker's: engine; a steward's:
               history, recover, reconcile, sweep, pause, put together by stewardship; for operators: check, release
    entries    worker, serve, steward, operate, __main__, and stock, the settings of stock arq workers

`jobs.tasks` holds the functions that jobs run. Only composition roots know it.
"""
