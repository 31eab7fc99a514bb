"""The data sync: files loaded, how well and how fast, and what runs around it."""

from deploy.grafana.panel import Dashboard, Panel, Query, Unit, number

_SYNC = 'task="sync_file"'
_SCHEDULES = 'schedule=~"sync_pending_files|check_low_stock|backup_database"'


def _quantile(share: float) -> str:
    buckets = f"max without (instance) (rate(switchyard_job_run_seconds_bucket{{{_SYNC}}}[30m]))"
    return f"histogram_quantile({share}, sum without (queue) ({buckets}))"


def _hits(name: str) -> str:
    return f"max without (instance) (rate(switchyard_cache_{name}_total[5m]))"


DATA_SYNC = Dashboard(
    name="data_sync",
    title="data sync",
    panels=(
        number("Files waiting", 'sum(site:switchyard_queue_ready{queue="data_sync"})', width=6),
        number("Files running", 'max(switchyard_queue_jobs{queue="data_sync", state="running"})', width=6),
        number("Items below safety stock", 'max(switchyard_alerts_open{kind="low_stock"})', width=6),
        number("Backup's age", "max(switchyard_backup_age_seconds)", unit=Unit.SECONDS, width=6),
        Panel(
            title="Files by outcome",
            queries=(Query(f"sum without (queue) (site:switchyard_jobs_ended:rate5m{{{_SYNC}}})", "{{state}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
        ),
        Panel(
            title="Failure rate",
            queries=(Query(f"task:switchyard_jobs_failed:ratio_rate5m{{{_SYNC}}}", "{{task}}"),),
            unit=Unit.RATIO,
        ),
        Panel(
            title="Duration",
            queries=(Query(_quantile(0.5), "P50"), Query(_quantile(0.95), "P95")),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Wait, P95",
            queries=(Query('queue:switchyard_job_wait_seconds:p95_rate5m{queue="data_sync"}', "{{queue}}"),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Since the schedules' last success",
            queries=(
                Query(
                    f"max without (instance) (switchyard_schedule_since_success_seconds{{{_SCHEDULES}}})",
                    "{{schedule}}",
                ),
            ),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Schedules missed",
            queries=(Query("max without (instance) (increase(switchyard_schedule_missed_total[1h]))", "{{schedule}}"),),
            meaning="Within an hour: no steward was there, or PostgreSQL was away.",
        ),
        Panel(
            title="Cache, share of hits",
            queries=(Query(f"{_hits('hits')} / ({_hits('hits')} + {_hits('misses')})", "{{type}}"),),
            unit=Unit.RATIO,
        ),
        Panel(
            title="Pictures and profiles",
            queries=(
                Query('sum without (state) (site:switchyard_jobs_ended:rate5m{queue="data_processing"})', "{{task}}"),
            ),
            unit=Unit.PER_SECOND,
            stacked=True,
        ),
        Panel(
            title="Retried",
            queries=(
                Query(
                    "sum without (queue) (max without (instance)"
                    f" (rate(switchyard_jobs_retried_total{{{_SYNC}}}[5m])))",
                    "{{task}}",
                ),
            ),
            unit=Unit.PER_SECOND,
        ),
    ),
)
