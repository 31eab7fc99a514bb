"""The command line of the job engine: `python -m jobs worker --queues data_sync:8,scheduled:2`."""

import argparse
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

import uvloop

from jobs.errors import SettingsError, TaskTableError, UnfitRedisError
from jobs.logs import configure_logs
from jobs.registry import TaskTable
from jobs.serve import serve_until_signal
from jobs.settings import JobsSettings, load_settings
from jobs.steward import steward_until_signal
from jobs.tasks.table import QUEUES, task_table

_MOST_SLOTS = 10_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 where Redis must not be used, 2 for wrong settings."""
    arguments = _parser().parse_args(argv)
    try:
        settings = load_settings(os.environ)
        tasks = task_table(settings)
    except (SettingsError, TaskTableError) as error:
        print(f"The {arguments.process} cannot start:\n{error}", file=sys.stderr)  # noqa: T201  before there are logs
        return 2
    configure_logs(form=settings.log_format, level=settings.log_level)
    try:
        uvloop.run(arguments.run(settings, tasks, arguments))
    except UnfitRedisError as error:
        print(f"The {arguments.process} cannot use the Redis at REDIS_URL: {error}", file=sys.stderr)  # noqa: T201  its last word
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Runs Switchyard's jobs.")
    commands = parser.add_subparsers(required=True, metavar="command")
    worker = commands.add_parser("worker", help="run jobs until SIGTERM or SIGINT")
    worker.add_argument(
        "--queues",
        type=_slots,
        default=dict.fromkeys(QUEUES, 4),
        metavar="NAME:SLOTS,...",
        help="which queues, and how many jobs of each at once (default: 4 of each that the shipped tasks use)",
    )
    worker.add_argument("--with-steward", action="store_true", help="be the site's steward too, where none runs")
    worker.set_defaults(process="worker", run=_work)
    steward = commands.add_parser("steward", help="keep what the site needs beside workers, until SIGTERM or SIGINT")
    steward.set_defaults(process="steward", run=lambda settings, tasks, _: steward_until_signal(settings, tasks))
    return parser


def _work(settings: JobsSettings, tasks: TaskTable, arguments: argparse.Namespace) -> Coroutine[Any, Any, None]:
    return serve_until_signal(settings, tasks, arguments.queues, with_steward=arguments.with_steward)


def _slots(text: str) -> dict[str, int]:
    """Read `data_sync:8,scheduled:2`."""
    slots: dict[str, int] = {}
    for part in text.split(","):
        queue, _, count = part.strip().partition(":")
        if not queue or not count.isdecimal() or not 1 <= int(count) <= _MOST_SLOTS:
            raise argparse.ArgumentTypeError(f"{part!r} is not of the form NAME:SLOTS with 1 to {_MOST_SLOTS} slots")
        if queue in slots:
            raise argparse.ArgumentTypeError(f"the queue {queue} is named twice")
        slots[queue] = int(count)
    return slots


if __name__ == "__main__":
    sys.exit(main())
