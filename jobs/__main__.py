"""The command line of the job engine: `python -m jobs worker --queues data_sync:8,scheduled:2`."""

import argparse
import os
import sys
from collections.abc import Sequence

import uvloop

from jobs.errors import SettingsError, TaskTableError, UnfitRedisError
from jobs.logs import configure_logs
from jobs.serve import serve_until_signal
from jobs.settings import load_settings
from jobs.tasks.table import QUEUES, task_table

_MOST_SLOTS = 10_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 where Redis must not be used, 2 for wrong settings."""
    arguments = _parser().parse_args(argv)
    try:
        settings = load_settings(os.environ)
        tasks = task_table(settings)
    except (SettingsError, TaskTableError) as error:
        print(f"The worker cannot start:\n{error}", file=sys.stderr)  # noqa: T201  before there are logs
        return 2
    configure_logs(form=settings.log_format, level=settings.log_level)
    try:
        uvloop.run(serve_until_signal(settings, tasks, arguments.queues))
    except UnfitRedisError as error:
        print(f"The worker cannot use the Redis at REDIS_URL: {error}", file=sys.stderr)  # noqa: T201  its last word
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
    return parser


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
