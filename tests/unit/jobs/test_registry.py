"""Declaring tasks."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest

from jobs.context import JobContext
from jobs.errors import InvalidInputError, TaskTableError
from jobs.registry import Task, TaskTable, load_task_list
from jobs.settings import load_settings
from jobs.tasks.table import task_table

GOOD = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}


async def ship(_: JobContext, order: UUID, count: int, ratio: float = 1.0, how: Literal["air", "sea"] = "sea") -> None:
    """Take arguments of several kinds."""


def add(left: int, right: int = 2) -> int:
    """Add, in a child process."""
    return left + right


TASKS = (Task(name="mine.ship", function=ship, queue="mine"), Task(name="mine.add", function=add, queue="mine"))


def test_arguments_come_from_the_signature() -> None:
    """The context is no argument; what has a default may be left out."""
    schema = TASKS[0].arguments.schema
    assert set(schema["properties"]) == {"order", "count", "ratio", "how"}
    assert schema["required"] == ["order", "count"]
    assert TASKS[1].arguments.check({"left": 1}) == {"left": 1}


def test_stored_arguments_get_their_types_back() -> None:
    """What JSON cannot hold is text in the store and typed in the call."""
    order = UUID(int=7)
    stored = TASKS[0].arguments.check({"order": str(order), "count": 1})
    assert stored == {"order": str(order), "count": 1}
    assert TASKS[0].arguments.bind(stored) == {"order": order, "count": 1}


def test_each_wrong_argument_is_named() -> None:
    """Also nested below the arguments, and all at once."""
    with pytest.raises(InvalidInputError) as caught:
        TASKS[0].arguments.check({"order": "x", "ratio": "1", "how": "rail", "extra": 1})
    assert {mistake.pointer for mistake in caught.value.mistakes} == {
        "/args/order",
        "/args/count",
        "/args/ratio",
        "/args/how",
        "/args/extra",
    }


@pytest.mark.parametrize(
    "value",
    [{"left": True}, {"left": "1"}, {"left": 1.5}, {"left": None}, {"left": 1, "right": "2"}, {"left": 10**400}],
)
def test_types_are_strict(value: dict[str, object]) -> None:
    """A text is no number, and neither is a truth value."""
    with pytest.raises(InvalidInputError):
        TASKS[1].arguments.check(value)


def test_arguments_have_a_size_limit() -> None:
    """A quarter of a mebibyte; larger things are files."""

    def note(text: str) -> None:
        """Take a text."""

    arguments = Task(name="note", function=note, queue="q").arguments
    arguments.check({"text": "x" * 262_000})
    with pytest.raises(InvalidInputError, match="262,144 bytes"):
        arguments.check({"text": "x" * 262_144})
    with pytest.raises(InvalidInputError, match="NUL"):
        arguments.check({"text": "a\x00b"})


def _stars(*values: int) -> None: ...
def _untyped(value) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001  the mistake under test
def _taken(function: str) -> None: ...


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "Upper"}, "lower case"),
        ({"name": "a b"}, "lower case"),
        ({"queue": "a:b"}, "no name for a queue"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": 100_000}, "timeout_s"),
        ({"max_tries": 0}, "max_tries"),
        ({"function": _stars}, "named arguments only"),
        ({"function": _untyped}, "has no type"),
        ({"function": _taken}, "choose another name"),
    ],
)
def test_a_declaration_that_could_not_run_is_refused(changes: dict[str, object], says: str) -> None:
    """At the start of the process, not at the first job."""
    declared: dict[str, object] = {"name": "good", "function": add, "queue": "q", **changes}
    with pytest.raises(TaskTableError, match=says):
        Task(**declared)  # type: ignore[arg-type]  # wrong on purpose


def test_two_tasks_of_one_name_are_refused() -> None:
    """A submitter could not say which he means."""
    with pytest.raises(TaskTableError, match="two of this name"):
        TaskTable([TASKS[0], TASKS[0]])


def test_a_list_of_ones_own_is_added() -> None:
    """JOBS_TASKS needs no change of this tree; its queues are there for the diagnostic tasks, too."""
    table = task_table(load_settings({**GOOD, "JOBS_TASKS": f"{__name__}:TASKS", "JOBS_DIAGNOSTICS": "1"}))
    assert {"mine.ship", "mine.add", "sync_file", "diag.noop"} <= set(table)
    assert "mine" in table["diag.noop"].queues


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nothing", "not of the form"),
        ("no.such.module:TASKS", "No module"),
        ("jobs.registry:NOTHING", "has no NOTHING"),
        ("jobs.registry:DEFAULT_MAX_TRIES", "list or tuple"),
    ],
)
def test_a_wrong_list_stops_the_start(path: str, says: str) -> None:
    """With the setting's name and what is wrong."""
    with pytest.raises(TaskTableError, match=f"JOBS_TASKS.*{says}"):
        load_task_list(path)


def test_the_diagnostic_tasks_are_there_only_when_asked_for() -> None:
    """One of them kills its worker."""
    assert "diag.crash" not in task_table(load_settings(GOOD))


def test_dates_in_arguments_are_checked() -> None:
    """An aware or naive moment is read from ISO text."""

    def at(moment: datetime) -> None:
        """Take a moment."""

    arguments = Task(name="at", function=at, queue="q").arguments
    assert arguments.bind(arguments.check({"moment": "2026-01-02T03:04:05Z"}))["moment"].year == 2026
    with pytest.raises(InvalidInputError):
        arguments.check({"moment": "yesterday"})
