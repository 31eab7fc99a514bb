"""What is wrong with JSON is told, and of what is long no more is made than can be told."""

from collections.abc import Mapping
from typing import Any, Literal

import orjson
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.api.parsing import read_json
from app.schemas.data_sync import ReplayBody, SyncTheseBody, TemplateBody
from app.schemas.requests import BatchBody, Body, JobBody
from jobs import mistakes
from jobs.arguments import Arguments
from jobs.errors import InvalidInputError, Mistake
from jobs.mistakes import MOST_MISTAKES, SMALL_BYTES, Bounded, mistakes_of
from tests.support.bodies import request_of

_MANY = 30_000
_STRANGERS = {f"stranger/{number}": 0 for number in range(_MANY // 3)}  # arguments may have no more
_JOB = {"task": "diag.noop"}
_TEMPLATE = {
    "platform": "shop",
    "domain": "orders",
    "granularity": "daily",
    "fields": ["day"],
    "date_rule": {"field": "day"},
}


class _Loose(BaseModel):
    """Takes any names."""

    number: int = 0


class _Tight(BaseModel):
    """Takes its own, and what is in itself."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["list"] = "list"
    default: list[int] = Field(default_factory=list)
    more: "list[_Tight]" = Field(default_factory=list)


class _Renamed(BaseModel):
    """Takes a name that is not its field's."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(alias="Nummer")


def _work(
    numbers: list[int],
    names: Mapping[str, int] | None = None,
    loose: _Loose | None = None,
    tight: _Tight | None = None,
    renamed: dict[str, _Renamed] | None = None,
    text: str = "",
) -> None: ...


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the mistakes that pydantic has made, each time that it has."""
    counts = list[int]()

    def counted(error: ValidationError, *, root: str = "") -> list[Mistake]:
        counts.append(error.error_count())
        return mistakes_of(error, root=root)

    monkeypatch.setattr(mistakes, "mistakes_of", counted)
    return counts


@pytest.mark.parametrize(
    ("model", "body", "first"),
    [
        pytest.param(JobBody, {**_JOB, **_STRANGERS}, "/stranger~10", id="names"),
        pytest.param(BatchBody, {"jobs": [_JOB], **_STRANGERS}, "/stranger~10", id="names of a batch"),
        pytest.param(BatchBody, {"jobs": [_JOB, {**_JOB, **_STRANGERS}]}, "/jobs/1/stranger~10", id="names of a job"),
        pytest.param(BatchBody, {"jobs": [{**_JOB, "a": 1}] * 9_000}, "/jobs/0/a", id="a name of each job"),
        pytest.param(BatchBody, {"jobs": [_JOB] * 10_000 + [_STRANGERS]}, "/jobs/10000/stranger~10", id="too many"),
        pytest.param(
            BatchBody, {"jobs": [_JOB], "on_complete": _STRANGERS}, "/on_complete/stranger~10", id="of what follows"
        ),
        pytest.param(
            TemplateBody,
            {**_TEMPLATE, "ranges": {"a/b": _STRANGERS}},
            "/ranges/a~1b/stranger~10",
            id="names in a mapping",
        ),
        pytest.param(BatchBody, {"jobs": [1] * _MANY * 2}, "/jobs/0", id="no jobs"),
        pytest.param(BatchBody, {"jobs": [{}] * _MANY}, "/jobs/0/task", id="empty jobs"),
        pytest.param(BatchBody, {"jobs": [{**_JOB, "tags": [1] * _MANY * 2}]}, "/jobs/0/tags/0", id="tags of a job"),
        pytest.param(BatchBody, {"jobs": [*[_JOB] * 9_000, *[{"task": 1}] * 9]}, "/jobs/9000/task", id="late ones"),
        pytest.param(JobBody, {**_JOB, "tags": [1] * _MANY * 2}, "/tags/0", id="tags"),
        pytest.param(SyncTheseBody, {"file_ids": [1] * _MANY * 2}, "/file_ids/0", id="ids"),
        pytest.param(
            ReplayBody, {"row": {name: [] for name in _STRANGERS}}, "/row/stranger~10/constrained-str", id="row"
        ),
    ],
)
async def test_of_a_long_body_few_mistakes_are_made(
    made: list[int], model: type[Body], body: dict[str, Any], first: str
) -> None:
    """Its first is told with the words of all others, and a hundred of names that nobody knows."""
    assert len(orjson.dumps(body)) > SMALL_BYTES
    with pytest.raises(InvalidInputError) as refused:
        await read_json(request_of(orjson.dumps(body)), model)
    assert (refused.value.mistakes[0].pointer, sum(made) <= MOST_MISTAKES) == (first, True)
    if "stranger" in first or first.endswith("/a"):
        detail = "is not known here; check its spelling or leave it out"
        assert {one.detail for one in refused.value.mistakes} == {detail} or model is ReplayBody
        assert len(refused.value.mistakes) == MOST_MISTAKES or model is ReplayBody


async def test_a_long_body_that_is_right_is_what_a_short_one_is() -> None:
    """All its fields are, and arguments may have any names."""
    job = {**_JOB, "args": _STRANGERS, "tags": ["a"], "run_at": "2026-01-01T00:00:00Z", "priority": 9}
    body = orjson.dumps({"jobs": [job, _JOB], "on_complete": _JOB})
    assert await read_json(request_of(body), BatchBody) == BatchBody.model_validate_json(body)


@pytest.mark.parametrize(
    ("args", "pointer"),
    [
        ({"numbers": [], **_STRANGERS}, "/stranger~10"),
        ({"numbers": ["x"] * _MANY}, "/numbers/0"),
        ({"numbers": [], "names": dict.fromkeys(_STRANGERS, "")}, "/names/stranger~10"),
        ({"numbers": [], "tight": _STRANGERS}, "/tight/stranger~10"),
        ({"numbers": [], "tight": {"more": [{}, {"default": ["x"] * _MANY}]}}, "/tight/more/1/default/0"),
        ({"numbers": [], "renamed": {"a": {"number": 1}}, "text": "x" * SMALL_BYTES}, "/renamed/a/Nummer"),
    ],
)
def test_of_long_arguments_few_mistakes_are_made(made: list[int], args: dict[str, Any], pointer: str) -> None:
    """Alone, and among those of other jobs."""
    arguments = Arguments("work", _work, skip=0)
    with pytest.raises(InvalidInputError) as alone:
        arguments.check(args)
    assert alone.value.mistakes[0].pointer == f"/args{pointer}"
    with pytest.raises(InvalidInputError) as together:
        arguments.check_all([{"numbers": [1]}, args, args])
    assert together.value.mistakes[0].pointer == f"/1/args{pointer}"
    assert len(together.value.mistakes) <= MOST_MISTAKES
    assert sum(made) <= MOST_MISTAKES


def test_long_arguments_that_are_right_are_what_short_ones_are() -> None:
    """Where a type takes any names, or has itself in it, or fields of other names."""
    args = {
        "numbers": list(range(_MANY)),
        "loose": {"number": 1, "other": 2},
        "tight": {"more": [{"more": [{"default": [1]}]}]},
        "renamed": {"a": {"Nummer": 1}},
    }
    arguments = Arguments("work", _work, skip=0)
    given = arguments.bind(args)
    assert (given["loose"], given["renamed"]) == (_Loose(number=1), {"a": _Renamed(Nummer=1)})
    assert given["tight"] == _Tight(more=[_Tight(more=[_Tight(default=[1])])])


def test_of_short_ones_all_is_told() -> None:
    """Each wrong element of a list beside the rest."""
    with pytest.raises(InvalidInputError) as refused:
        Bounded(TypeAdapter(JobBody)).check(b'{"tags": [1, "a", 2], "no": 1}', root="/at")
    assert [one.pointer for one in refused.value.mistakes] == ["/at/task", "/at/tags/0", "/at/tags/2", "/at/no"]
