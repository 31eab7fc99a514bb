"""Rate limits and quotas: who is held up by what."""

from deploy.grafana.panel import Dashboard, Panel, Query, Unit, number

_ALL = "max without (instance) (rate(switchyard_rate_limit_requests_total[5m]))"
_DENIED = 'max without (instance) (rate(switchyard_rate_limit_requests_total{outcome="denied"}[5m]))'
_OVER_QUOTA = "max without (instance) (rate(switchyard_quota_refusals_total[5m]))"

LIMITS = Dashboard(
    name="limits",
    title="limits",
    panels=(
        number("Processes without Redis", "sum(switchyard_rate_limit_redis_away)", width=8),
        number("Denied a second", f"sum({_DENIED})", unit=Unit.PER_SECOND, width=8),
        number("Over quota a second", f"sum({_OVER_QUOTA})", unit=Unit.PER_SECOND, width=8),
        Panel(
            title="Requests by outcome",
            queries=(Query(f"sum without (policy, tier, backend) ({_ALL})", "{{outcome}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
        ),
        Panel(
            title="Denied by limit",
            queries=(Query(f"sum without (tier, backend, outcome) ({_DENIED})", "{{policy}}"),),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Denied by tier",
            queries=(Query(f"sum without (policy, backend, outcome) ({_DENIED})", "{{tier}}"),),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Decided by",
            queries=(Query(f"sum without (policy, tier, outcome) ({_ALL})", "{{backend}}"),),
            unit=Unit.PER_SECOND,
            stacked=True,
            meaning="What is not decided by Redis is decided by each process for itself.",
        ),
        Panel(
            title="Over quota",
            queries=(Query(_OVER_QUOTA, "{{quota}}"),),
            unit=Unit.PER_SECOND,
            meaning="Submissions that were refused.",
        ),
        Panel(
            title="Parked",
            queries=(Query('max without (instance) (switchyard_queue_jobs{state="parked"})', "{{queue}}"),),
            meaning="Jobs that wait until their owner has fewer running.",
        ),
    ),
)
