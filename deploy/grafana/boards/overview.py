"""The whole site on one page: is it well, and if not, where."""

from deploy.grafana.panel import Dashboard, Panel, Query, Unit, number

OVERVIEW = Dashboard(
    name="overview",
    title="overview",
    panels=(
        number("Redis", "min(switchyard_redis_up)", unit=Unit.UP),
        number("PostgreSQL", "min(switchyard_postgresql_up)", unit=Unit.UP),
        number("Workers alive", 'max(switchyard_workers{state="alive"})'),
        number("Workers missing", 'max(switchyard_workers{state="missing"})'),
        number("Steward was here", "min(switchyard_steward_tick_age_seconds)", unit=Unit.SECONDS),
        number("Alerts firing", 'count(ALERTS{alertstate="firing"}) - 1', meaning="Without the Watchdog."),
        Panel(
            title="Task rate",
            queries=(Query("sum without (queue, state) (site:switchyard_jobs_ended:rate5m)", "{{task}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
            meaning="Jobs that ended, in whatever way.",
        ),
        Panel(
            title="Failure rate",
            queries=(Query("task:switchyard_jobs_failed:ratio_rate5m", "{{task}}"),),
            unit=Unit.RATIO,
            meaning="Of the jobs that succeeded or failed. Above 10 % for five minutes there is an alert.",
        ),
        Panel(
            title="Queue length",
            queries=(Query("site:switchyard_queue_ready", "{{queue}}"),),
            meaning="Jobs that are ready to be run. Above 100 for five minutes there is an alert.",
        ),
        Panel(
            title="Tasks by state",
            queries=(Query("sum without (queue) (max without (instance) (switchyard_queue_jobs))", "{{state}}"),),
            stacked=True,
            meaning="Unfinished jobs.",
        ),
        Panel(
            title="Worker state",
            queries=(Query("max without (instance) (switchyard_workers)", "{{state}}"),),
        ),
        Panel(
            title="P95 duration",
            queries=(Query("task:switchyard_job_run_seconds:p95_rate30m", "{{task}}"),),
            unit=Unit.SECONDS,
            meaning="Of the tries of the last half hour. Above half an hour there is an alert.",
        ),
        Panel(
            title="Oldest waiting",
            queries=(Query("max without (instance) (switchyard_queue_oldest_wait_seconds)", "{{queue}}"),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Ends by state",
            queries=(Query("sum without (queue, task) (site:switchyard_jobs_ended:rate5m)", "{{state}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
        ),
        Panel(
            title="Slots in use",
            queries=(
                Query(
                    'max without (instance, state) (switchyard_queue_jobs{state="running"})'
                    " / (max without (instance) (switchyard_queue_slots) > 0)",
                    "{{queue}}",
                ),
            ),
            unit=Unit.RATIO,
        ),
        Panel(
            title="Requests",
            queries=(Query("sum without (method, route) (site:switchyard_http_requests:rate5m)", "{{status}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
            meaning="Without probes and scrapes.",
        ),
        Panel(
            title="Slowest requests, P99",
            queries=(Query("topk(10, route:switchyard_http_request_seconds:p99_rate5m)", "{{method}} {{route}}"),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Stores' answers",
            queries=(
                Query("max(switchyard_redis_seconds)", "Redis"),
                Query("max(switchyard_postgresql_seconds)", "PostgreSQL"),
            ),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Event loops' lag",
            queries=(
                Query("switchyard_web_loop_lag_seconds", "web {{instance}}"),
                Query("max without (instance) (switchyard_worker_loop_lag_seconds)", "{{worker}}"),
            ),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Behind",
            queries=(
                Query("max(switchyard_history_behind_seconds)", "history"),
                Query("min(switchyard_steward_tick_age_seconds)", "steward"),
                Query("max without (instance) (switchyard_schedule_overdue_seconds)", "{{schedule}}"),
            ),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Redis' memory",
            queries=(
                Query("max(switchyard_redis_memory_bytes)", "used"),
                Query("max(switchyard_redis_memory_max_bytes)", "at most"),
            ),
            unit=Unit.BYTES,
        ),
    ),
)
