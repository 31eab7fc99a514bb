"""The command line: `python -m benchmarks [--full] [name ...]`; without names, all."""

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import (
    batches,
    beside_sync,
    dashboards,
    events,
    fairness,
    history,
    limiter,
    lists,
    rebuild,
    scrape,
    submit,
    sync_rows,
)
from benchmarks.engine import contest, crowd
from benchmarks.middleware import cost
from jobs.logs import configure_logs

BENCHMARKS: dict[str, Callable[[bool], None]] = {
    "sync_rows": sync_rows.main,
    "beside_sync": beside_sync.main,
    "submit": submit.main,
    "batches": batches.main,
    "history": history.main,
    "rebuild": rebuild.main,
    "lists": lists.main,
    "events": events.main,
    "dashboards": dashboards.main,
    "limiter": limiter.main,
    "scrape": scrape.main,
    "fairness": fairness.main,
    "engine": contest.main,
    "crowd": crowd.main,
    "middleware": cost.main,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks of these names one after the other; each prints its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Switchyard beside its peers.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--full", action="store_true", help="also what takes minutes: a million rows, ten million jobs")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
    configure_logs(form="console", level="warning")
    for name in arguments.names or BENCHMARKS:
        BENCHMARKS[name](arguments.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
