"""Worker processes: how many live, whom nobody has replaced, how long they are silent, how late their loops are."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.metrics import families
from jobs.roster import Roster

MOST_SHOWN = 100  # of each series that names workers: each start of one is another name


def workers_families(roster: Roster) -> Iterator[Metric]:
    """Give the gauges. No counter names a worker."""
    yield families.gauges(
        "switchyard_workers",
        "Worker processes: alive; missing, which fell silent within the last hour and did not say that they were "
        "stopping; replaced, the same where another has begun in their place.",
        ("state",),
        [
            (("alive",), len(roster.alive)),
            (("missing",), len(roster.missing)),
            (("replaced",), len(roster.replaced)),
        ],
    )
    silent = sorted((*roster.alive, *roster.missing), key=lambda sighting: -sighting.silent_s)
    yield families.gauges(
        "switchyard_worker_silent_seconds",
        f"Since the last sign of life of workers that are alive or missing, of the {MOST_SHOWN} longest silent.",
        ("worker",),
        [((sighting.worker.name,), sighting.silent_s) for sighting in silent[:MOST_SHOWN]],
    )
    late = sorted((sighting.worker for sighting in roster.alive), key=lambda worker: -worker.loop_lag_s)
    yield families.gauges(
        "switchyard_worker_loop_lag_seconds",
        "The greatest lag of a live worker's event loop in its last 15 seconds, "
        f"of the {MOST_SHOWN} whose is greatest.",
        ("worker",),
        [((worker.name,), worker.loop_lag_s) for worker in late[:MOST_SHOWN]],
    )
