"""The command line of the job engine: `python -m jobs worker --queues data_sync:8,scheduled:2`, and the operator's."""

import argparse
import os
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from jobs import operate
from jobs.check import Finding
from jobs.errors import SettingsError, TaskTableError, UnfitRedisError
from jobs.event_loop import run
from jobs.heap import settle
from jobs.logs import configure_logs
from jobs.registry import TaskTable
from jobs.serve import serve_until_signal
from jobs.settings import JobsSettings, load_settings
from jobs.steward import steward_until_signal
from jobs.stores.database import Database
from jobs.tasks.scheduled.service import look_for_canaries
from jobs.tasks.table import QUEUES, task_table, timetable_of
from jobs.timetable import Timetable

_MOST_SLOTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a command is given: what the environment says, and the command line."""

    settings: JobsSettings
    tasks: TaskTable
    timetable: Timetable
    arguments: argparse.Namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a word of the command line does: `run` gives the exit status. One that is `quiet` logs errors only."""

    help: str
    run: Callable[[Given], Coroutine[Any, Any, int]]
    options: Callable[[argparse.ArgumentParser], object] = lambda _: None
    quiet: bool = False


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give its exit status: 0, 1 where a store does not answer or must not be used, 2 for settings."""
    arguments = _parser().parse_args(argv)
    command = COMMANDS[arguments.command]
    try:
        settings = load_settings(os.environ)
        tasks = task_table(settings)
        given = Given(settings=settings, tasks=tasks, timetable=timetable_of(settings, tasks), arguments=arguments)
    except (SettingsError, TaskTableError) as error:
        print(f"The {arguments.command} cannot start:\n{error}", file=sys.stderr)  # noqa: T201  before there are logs
        return 2
    configure_logs(form=settings.log_format, level="error" if command.quiet else settings.log_level)
    try:
        return run(command.run(given))
    except UnfitRedisError as error:
        text = f"The {arguments.command} cannot use the Redis at REDIS_URL: {error}"
        print(text, file=sys.stderr)  # noqa: T201  its last word
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jobs", description="Runs Switchyard's jobs.")
    words = parser.add_subparsers(required=True, dest="command", metavar="command")
    for name, command in COMMANDS.items():
        command.options(words.add_parser(name, help=command.help))
    return parser


async def _work(given: Given) -> int:
    settle()
    arguments = given.arguments
    await serve_until_signal(
        given.settings,
        given.tasks,
        arguments.queues,
        with_steward=arguments.with_steward,
        timetable=given.timetable,
    )
    return 0


async def _steward(given: Given) -> int:
    settle()
    await steward_until_signal(given.settings, given.tasks, given.timetable)
    return 0


async def _check(given: Given) -> int:
    arguments = given.arguments
    return await operate.check(
        given.settings,
        arguments.queues or (None if arguments.here else given.tasks.queues),
        canaries=partial(_canaries, given.timetable),
        is_here=arguments.here,
        as_json=arguments.json,
    )


async def _canaries(timetable: Timetable, database: Database) -> Mapping[str, Finding]:
    found = {}
    for canary in await look_for_canaries(database, timetable):
        reason = "none has come back" if canary.age_s is None else f"came back {canary.age_s:.0f} s ago"
        found[canary.queue] = Finding(subject=f"canary {canary.queue}", is_ok=not canary.is_silent, reason=reason)
    return found


async def _release(given: Given) -> int:
    return await operate.release(given.settings, given.tasks.queues)


def _worker_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queues",
        type=_slots,
        default=dict.fromkeys(QUEUES, 4),
        metavar="NAME:SLOTS,...",
        help="which queues, and how many jobs of each at once (default: 4 of each that the shipped tasks use)",
    )
    parser.add_argument("--with-steward", action="store_true", help="be the site's steward too, where none runs")


def _check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--queues",
        type=_names,
        metavar="NAME,...",
        help="which queues must have a worker (default: those of the tasks that there are)",
    )
    parser.add_argument(
        "--here",
        action="store_true",
        help="a worker of this host must live; without --queues the queues count that it serves",
    )
    parser.add_argument("--json", action="store_true", help="say it as one JSON object")


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


def _names(text: str) -> tuple[str, ...]:
    """Read `data_sync,scheduled`."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME,NAME")
    return names


COMMANDS: Mapping[str, Command] = {
    "worker": Command(help="run jobs until SIGTERM or SIGINT", run=_work, options=_worker_options),
    "steward": Command(help="keep what the site needs beside workers, until SIGTERM or SIGINT", run=_steward),
    "check": Command(
        help="say whether settings, stores and workers are well", run=_check, options=_check_options, quiet=True
    ),
    "release-parked": Command(help="put parked jobs back in line, for stock arq workers", run=_release, quiet=True),
}


if __name__ == "__main__":
    sys.exit(main())
