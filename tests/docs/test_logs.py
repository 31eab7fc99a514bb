"""deploy/logs.md lists every event of the logs, with its level and its fields, and none that there is not."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "deploy" / "logs.md"
ROW = re.compile(
    r"\| `(?P<event>\w+)` \| (?P<level>debug|info|warning|error) \| (?P<fields>[^|]*)\| (?P<meaning>[^|]+) \|"
)
LEVELS = {name: name for name in ("debug", "info", "warning", "error")} | {"exception": "error"}
JOB = "*job*"


@dataclass(slots=True)
class Event:
    """What is said of an event: in the list, or by all calls that log it."""

    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


def _logged() -> Iterator[tuple[str, str, set[str]]]:
    """Give event, level and fields of each call of a logger; all of ours are named `log`, or `_log` in an object."""
    for package in ("app", "jobs", "ratelimit"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="log") | ast.Attribute(attr="_log"), attr=level)
                    ):
                        if level in LEVELS:
                            yield _read(node, LEVELS[level], is_exception=level == "exception")


def _read(call: ast.Call, level: str, *, is_exception: bool) -> tuple[str, str, set[str]]:
    (name,) = call.args
    assert isinstance(name, ast.Constant), f"an event is a constant word: {ast.unparse(call)}"
    assert isinstance(name.value, str)
    fields = {"exception"} if is_exception else set()
    for keyword in call.keywords:
        assert keyword.arg is not None, f"name the fields: {ast.unparse(call)}"
        fields.add({"exc_info": "exception", "about": JOB}.get(keyword.arg, keyword.arg))
    return name.value, level, fields


def _of_code() -> dict[str, Event]:
    events: defaultdict[str, Event] = defaultdict(Event)
    for name, level, fields in _logged():
        events[name].levels.add(level)
        events[name].fields |= fields
    return events


def _of_list() -> dict[str, Event]:
    rows = list(ROW.finditer(LIST.read_text(encoding="utf-8")))
    events = {
        row["event"]: Event({row["level"]}, set(re.findall(r"(?<=`)\w+(?=`)|\*job\*", row["fields"]))) for row in rows
    }
    assert len(rows) == len(events), "an event is listed twice"
    return events


def test_the_list_of_events_is_that_of_the_code() -> None:
    """By the code's own syntax tree, both ways; a line within a job's own task has the job's fields by itself."""
    code, listed = _of_code(), _of_list()
    assert sorted(listed) == sorted(code)
    for name, event in code.items():
        assert listed[name].levels == event.levels, name
        assert event.fields <= listed[name].fields, name
        assert listed[name].fields - event.fields <= {JOB}, name


def test_each_logger_is_found_by_its_name() -> None:
    """So no event escapes the list."""
    for package in ("app", "jobs", "ratelimit"):
        for path in (ROOT / package).rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                if "get_logger(" in line and "logging." not in line:
                    assert line == "log = structlog.stdlib.get_logger(__name__)", path
