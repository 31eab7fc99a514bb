"""What a site shows to Prometheus: the metric families, made from one snapshot. It reads no store.

    exposition   prints all of them
    snapshot     what the stores answered
    jobs, queues, workers, stewards, schedules, requests, limits, cache, stores, process: the families of each
    families     how one is made

The names and labels are a contract with whoever wrote alert rules; app/docs/reference/metrics.md has them in a table.
A label is a word out of few: a queue, a task, a state, a band, a schedule, a type of what is cached; never a user or a
job. A few gauges name workers.
"""
