"""The job engine: what a job is, how it is accepted, queued, run and ended.

A map, lower layers first; a module imports only from lower ones:

    words      model, keys, counters, ids, errors, environment, settings, codec, logs, cancelling
    policy     lifecycle, scoring, retry, arguments, registry, outcome
    stores     stores/: database (the one door to PostgreSQL) and jobs; redis, scripts and lua/, and what they are for:
               queue (putting in line), leases (taking out, keeping, ending), events, signals, statistics
    use cases  the way in: submission, accept (groups by group_commit), submit, recover, find, wait; the way out:
               history, sweep; a run: context, processes, progress, execute, endings; the leases: held, lease_keeper,
               outage; one queue's slots: intake
    entries    worker, serve, __main__

`jobs.tasks` holds the functions that jobs run. Only composition roots know it.
"""
