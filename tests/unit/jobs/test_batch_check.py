"""The jobs of a batch are checked together, and come out as they would one by one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobs import codec
from jobs.batch_check import BatchSubmission, checked_members
from jobs.errors import InvalidInputError
from jobs.registry import Task, TaskTable
from jobs.submission import Submission, checked


async def _add(_: object, left: float, right: int = 0, *, names: tuple[str, ...] = ()) -> None: ...


async def _nothing(_: object) -> None: ...


_TASKS = TaskTable(
    [
        Task(name="add", function=_add, queue="one", other_queues=("two",), timeout_s=7),
        Task(name="nothing", function=_nothing, queue="one"),
    ]
)
_LATER = datetime(2026, 1, 1, tzinfo=UTC)


def _asked(task: str = "add", **more: object) -> Submission:
    fields: dict[str, object] = {"args": {"left": 1}, **more}
    return Submission(task=task, owner="ann", **fields)  # type: ignore[arg-type]


_MANY = [
    *(_asked(args={"left": number, "names": ["a/b", "~"]}) for number in range(1_500)),
    _asked(priority=9, queue="two", tags=("a", "b")),
    _asked("nothing", args={}, unique_key="k", max_tries=1),
    _asked(delay_s=3.5, expires_in_s=60, timeout_s=1.5),
    _asked(run_at=_LATER),
]


async def test_each_is_what_it_would_be_by_itself() -> None:
    """Arguments, queue, and all that the task declares, in the order that they were given."""
    members = await checked_members(BatchSubmission(owner="ann", jobs=_MANY), _TASKS)
    assert members.ids == sorted(members.ids)
    assert len(members.terms) == 5
    for place, asked in enumerate(_MANY):
        alone, term = checked(asked, _TASKS), members.terms[members.places[place] - 1]
        assert codec.loads(members.args[place].encode()) == alone.args
        assert members.unique_keys[place] == alone.unique_key
        for name in ("task", "queue", "owner", "priority", "tags", "max_tries", "timeout_s", "run_at", "delay_s"):
            assert getattr(term, name) == getattr(alone, name)
        assert term.expires_in_s == alone.expires_in_s


@pytest.mark.parametrize(
    "wrong",
    [
        {"args": {}},
        {"args": {"left": "x", "right": 1.5}},
        {"args": {"left": 1, "names": ["a", 2]}},
        {"args": {"left": 1, "a/b": 2}},
        {"args": {"left": 2**70}},
        {"args": {"left": 1, "names": ["a\x00"]}},
        {"task": "no.such"},
        {"queue": "three"},
        {"priority": 0},
        {"delay_s": 1.0, "run_at": _LATER},
        {"run_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
        {"unique_key": ""},
        {"max_tries": 0, "timeout_s": 0.0},
    ],
)
async def test_each_mistake_is_what_it_would_be_by_itself(wrong: dict[str, object]) -> None:
    """With the place of the job before it."""
    bad = _asked(**{"task": "add", **wrong})  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError) as alone:
        checked(bad, _TASKS)
    with pytest.raises(InvalidInputError) as together:
        await checked_members(BatchSubmission(owner="ann", jobs=[*_MANY, bad]), _TASKS)
    expected = [(f"/jobs/{len(_MANY)}{one.pointer}", one.detail) for one in alone.value.mistakes]
    assert [(one.pointer, one.detail) for one in together.value.mistakes] == expected
