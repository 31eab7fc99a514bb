"""The job engine: what a job is, how it is accepted, queued, run and ended.

A map, lower layers first; a module imports only from lower ones:

    words      model, keys, counters, ids, errors, contract (arq's), environment, settings, codec, logs, cancelling,
               deadlines, event_loop, heap, loops, loop_lag, side_by_side, mistakes (of input)
    policy     lifecycle, scoring, retry, arguments, payload, schedule (when it is due), registry, outcome, tracebacks,
               attempts; change, recent, members and subscription (what those who follow jobs are told)
    stores     stores/: database (the one door to PostgreSQL), jobs and their tries; redis, scripts and lua/, and what
               they are for: queue (putting in line), leases (taking out, keeping, ending), events, signals, statistics,
               remains and entries (what is there), tail and progress (the streams, for who follows); listing and
               failures; schedules: when each was and will be due; site and mark: whether the two stores belong
               together; both: all of these doors; presence (who works), arrears, memory and pools, for who looks after
               a site
    use cases  the way in: submission, admit, accept (in groups by group_commit), idempotency, submit; the way to look:
               find, browse, failures, wait; roster (who works, who is missing) and overview; owners and live, for who
               follows jobs; timetable, whose schedules stewards fire, and planned: what users see of them; a run:
               context, processes (each a child), progress, execute, functions, endings; the leases: held,
               lease_keeper, outage; one queue's slots: intake; a worker's all: engine; a steward's: history, by scribe;
               watch, which has losses made good by rebuild; reconcile and strays, which look without suspicion; mend,
               found, restore: what they do about it; recover, sweep, pause, prune; fire, for schedules; all put
               together by stewardship; for operators: check, release
    entries    worker, serve, steward, operate, __main__; drop_in, our worker for arq's users, and stock, the settings
               of stock arq workers; testing/: what tests of tasks run them by

`jobs.tasks` holds the functions that jobs run. Only composition roots know it.
"""
