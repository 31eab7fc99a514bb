"""A schedule: which task is to run again and again, and when it is due. It asks no clock and knows no store."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from jobs.errors import Mistake
from jobs.model import DEFAULT_PRIORITY

LONGEST_NAME = 100
LONGEST_EVERY_S = 366 * 86_400
ON_TIME_S = 60.0  # so late a run still counts as on time: as long as it may take to restart all stewards
MOST_COUNTED = 10_000  # due times of one gap; counting more would hold up whatever else a steward does

MakeUp = Literal["one", "none"]
Overlap = Literal["skip", "allow"]

_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
_UTC = "UTC"
_FIELDS = 5
_FIRST_REACH = timedelta(seconds=1)
_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)  # what is not due within 50 years of it never is


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One task that the stewards run again and again, as jobs of the owner `system`. What is None is as the task says.

    It is due when `cron` says so, five fields read in `timezone`, or, with `every_s`, at each whole multiple of so many
    seconds since 1970. Where clocks are put forward, what is due at a fixed time within the hour that is left out is
    due right after it; where they are put back, it is due the first time only. What has a minute or an hour that begins
    with `*` goes by the minutes as they pass: none is left out, and those of a doubled hour are all due. That is not
    promised for the one zone where clocks change by half an hour, Australia/Lord_Howe: a time may be left out that day.

    `make_up`: whether one run is made up for after the times when nobody was there to fire it, however many. A run that
    is at most ON_TIME_S late is not missed. `overlap`: whether a run that is due while the former one is unfinished is
    skipped.
    """

    name: str
    task: str
    args: Mapping[str, Any] = field(default_factory=dict)
    cron: str | None = None
    every_s: int | None = None
    timezone: str = _UTC
    make_up: MakeUp = "none"
    overlap: Overlap = "skip"
    priority: int = DEFAULT_PRIORITY
    queue: str | None = None
    timeout_s: float | None = None
    max_tries: int | None = None
    expires_in_s: float | None = None

    @property
    def rule(self) -> str:
        """When it is due, in words that differ where that differs."""
        return f"every {self.every_s} s" if self.cron is None else f"{self.cron} {self.timezone}"

    def mistakes(self) -> list[Mistake]:
        """Find what is wrong with the declaration by itself."""
        every = self.every_s
        rules = (
            ("/name", not _is_name(self.name), f"is lower case words, joined by dots, of {LONGEST_NAME} at most"),
            ("/cron", (self.cron is None) == (every is None), "give either cron or every_s"),
            ("/every_s", every is not None and not 1 <= every <= LONGEST_EVERY_S, f"is from 1 to {LONGEST_EVERY_S:,}"),
            ("/timezone", self.cron is None and self.timezone != _UTC, "is for cron only"),
            ("/make_up", self.make_up not in get_args(MakeUp), "is one or none"),
            ("/overlap", self.overlap not in get_args(Overlap), "is skip or allow"),
        )
        found = [Mistake(pointer=pointer, detail=detail) for pointer, is_wrong, detail in rules if is_wrong]
        return found if self.cron is None else [*found, *_in_cron(self.cron, self.timezone)]

    def next_after(self, moment: datetime) -> datetime:
        """Give the first due time after a moment, in UTC."""
        return next(self.times_after(moment))

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        """Give the due times after a moment, in UTC, each later than the one before."""
        if self.cron is not None:
            yield from _cron_times(self.cron, _zone(self.timezone), moment)
        elif self.every_s is not None:
            seconds = int(moment.timestamp()) // self.every_s * self.every_s
            while True:
                seconds += self.every_s
                yield datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What has come due: `at` is the latest time of it, `next_at` the first that has not come yet.

    `missed` counts the times at which nothing ran though it should have. With `runs` False nothing is to run now.
    """

    at: datetime
    next_at: datetime
    missed: int
    runs: bool


def due_of(schedule: Schedule, *, first: datetime, now: datetime) -> Due:
    """Judge what has come due from `first`, a due time that has passed, up to now. At most one run comes of it."""
    at = _latest(schedule, first, now)
    amount = 1
    for time in schedule.times_after(first):
        if time > at or amount == MOST_COUNTED:
            break
        amount += 1
    is_on_time = (now - at).total_seconds() <= ON_TIME_S
    return Due(
        at=at,
        next_at=schedule.next_after(now),
        missed=amount - is_on_time,
        runs=is_on_time or schedule.make_up == "one",
    )


def _latest(schedule: Schedule, first: datetime, now: datetime) -> datetime:
    """Find the latest due time: back in ever longer strides, so that neither a short nor a long rule takes long."""
    reach, earliest = _FIRST_REACH, first - _FIRST_REACH
    while True:
        latest = None
        since = max(now - reach, earliest)
        for time in schedule.times_after(since):
            if time > now:
                break
            latest = time
        if latest is not None:
            return max(latest, first)
        if since == earliest:
            return first  # by another edition of the time zones
        reach *= 2


def _cron_times(cron: str, zone: tzinfo, moment: datetime) -> Iterator[datetime]:
    latest = moment
    # The library gives local times: where clocks change, one may stand for a moment that has been, or come twice.
    for local in CronSim(cron, moment.astimezone(zone)):
        time = local.astimezone(UTC)
        if time > latest:
            yield time
            latest = time


def _in_cron(cron: str, timezone: str) -> list[Mistake]:
    try:
        zone = _zone(timezone)
    except (OSError, ValueError, KeyError):
        return [Mistake(pointer="/timezone", detail=f"there is no time zone {timezone!r}; write it like Europe/Berlin")]
    if len(cron.split()) != _FIELDS:
        return [Mistake(pointer="/cron", detail=f"{cron!r}: needs five fields, minute hour day month weekday")]
    try:
        is_ever_due = next(_cron_times(cron, zone, _SOME_DAY), None) is not None
    except CronSimError as error:
        return [Mistake(pointer="/cron", detail=f"{cron!r}: {str(error).lower()}")]
    return [] if is_ever_due else [Mistake(pointer="/cron", detail=f"{cron!r}: is never due")]


def _zone(timezone: str) -> tzinfo:
    return UTC if timezone == _UTC else ZoneInfo(timezone)


def _is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None
