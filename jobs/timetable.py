"""Which schedules a site has, checked against its tasks, and what is submitted when one of them is due."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from jobs.errors import InvalidInputError, Mistake, TaskTableError
from jobs.registry import TaskTable
from jobs.schedule import Schedule
from jobs.submission import Submission, checked

OWNER = "system"


class Timetable(Mapping[str, Schedule]):
    """The schedules that a process knows, by name. Raises TaskTableError with every mistake, a line each."""

    def __init__(
        self, schedules: Iterable[Schedule], tasks: TaskTable, *, off: Mapping[str, str] | None = None
    ) -> None:
        """Take the schedules, and why those of the shipped ones that do not run do not, by name."""
        self.off: Mapping[str, str] = off or {}
        self._schedules: dict[str, Schedule] = {}
        wrong: list[str] = []
        for schedule in schedules:
            if schedule.name in self._schedules:
                wrong.append(f"schedule {schedule.name}: there are two of this name")
            self._schedules[schedule.name] = schedule
            wrong += [
                f"schedule {schedule.name}: {mistake.pointer.removeprefix('/')}: {mistake.detail}"
                for mistake in _mistakes(schedule, tasks)
            ]
        if wrong:
            raise TaskTableError("\n".join(wrong))

    def __getitem__(self, name: str) -> Schedule:
        """Give the schedule of this name; raises KeyError."""
        return self._schedules[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in the order of declaration."""
        return iter(self._schedules)

    def __len__(self) -> int:
        """Count the schedules."""
        return len(self._schedules)


NO_SCHEDULES = Timetable((), TaskTable(()))


def run_of(schedule: Schedule, *, due: datetime | None = None) -> Submission:
    """Give what is submitted for a run: the one that is due then, which its `run_at` tells, or one out of turn."""
    return Submission(
        task=schedule.task,
        args=schedule.args,
        owner=OWNER,
        priority=schedule.priority,
        queue=schedule.queue,
        run_at=due,
        timeout_s=schedule.timeout_s,
        max_tries=schedule.max_tries,
        unique_key=f"schedule:{schedule.name}" if schedule.overlap == "skip" else None,
        expires_in_s=schedule.expires_in_s,
        tags=(f"schedule:{schedule.name}",),
    )


def _mistakes(schedule: Schedule, tasks: TaskTable) -> list[Mistake]:
    mistakes = schedule.mistakes()
    try:
        checked(run_of(schedule), tasks)
    except InvalidInputError as error:
        mistakes += error.mistakes
    return mistakes
