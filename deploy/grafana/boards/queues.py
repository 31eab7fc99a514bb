"""Queues one by one: what waits, how long, and who takes it."""

from deploy.grafana.panel import Dashboard, Panel, Query, Unit

_QUEUE = 'queue=~"$queue"'


def _rate(name: str) -> str:
    return f"sum without (task) (max without (instance) (rate({name}{{{_QUEUE}}}[5m])))"


QUEUES = Dashboard(
    name="queues",
    title="queues",
    by_queue=True,
    panels=(
        Panel(
            title="Jobs by state",
            queries=(Query(f"max without (instance) (switchyard_queue_jobs{{{_QUEUE}}})", "{{queue}} {{state}}"),),
            stacked=True,
            width=12,
        ),
        Panel(
            title="Entries by band",
            queries=(Query(f"max without (instance) (switchyard_queue_entries{{{_QUEUE}}})", "{{queue}} {{band}}"),),
            stacked=True,
            width=12,
            meaning="Timed ones come due at some time, those that run included: each holds a lease.",
        ),
        Panel(
            title="In and out",
            queries=(
                Query(f"sum without (task) (site:switchyard_jobs_enqueued:rate5m{{{_QUEUE}}})", "{{queue}} in"),
                Query(f"sum without (task, state) (site:switchyard_jobs_ended:rate5m{{{_QUEUE}}})", "{{queue}} out"),
            ),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Wait, P95",
            queries=(Query(f"queue:switchyard_job_wait_seconds:p95_rate5m{{{_QUEUE}}}", "{{queue}}"),),
            unit=Unit.SECONDS,
            meaning="From when a job was due and ready to the start of its try.",
        ),
        Panel(
            title="Oldest waiting",
            queries=(Query(f"max without (instance) (switchyard_queue_oldest_wait_seconds{{{_QUEUE}}})", "{{queue}}"),),
            unit=Unit.SECONDS,
        ),
        Panel(
            title="Slots and running",
            queries=(
                Query(f"max without (instance) (switchyard_queue_slots{{{_QUEUE}}})", "{{queue}} slots"),
                Query(
                    f'max without (instance) (switchyard_queue_jobs{{state="running", {_QUEUE}}})', "{{queue}} running"
                ),
            ),
        ),
        Panel(
            title="Workers",
            queries=(Query(f"max without (instance) (switchyard_queue_workers{{{_QUEUE}}})", "{{queue}}"),),
        ),
        Panel(
            title="Paused",
            queries=(Query(f"site:switchyard_queue_paused{{{_QUEUE}}}", "{{queue}}"),),
            unit=Unit.UP,
        ),
        Panel(
            title="Canary came back",
            queries=(Query(f"max without (instance) (switchyard_canary_age_seconds{{{_QUEUE}}})", "{{queue}}"),),
            unit=Unit.SECONDS,
            meaning="How long ago. One is sent each minute.",
        ),
        Panel(
            title="Tried again",
            queries=(Query(_rate("switchyard_jobs_retried_total"), "{{queue}}"),),
            unit=Unit.PER_SECOND,
        ),
        Panel(
            title="Lost and handed back",
            queries=(
                Query(_rate("switchyard_leases_lost_total"), "{{queue}} lost"),
                Query(_rate("switchyard_jobs_handed_back_total"), "{{queue}} handed back"),
            ),
            unit=Unit.PER_SECOND,
            meaning="Lost: the worker died or fell silent. Handed back: it was stopped.",
        ),
    ),
)
