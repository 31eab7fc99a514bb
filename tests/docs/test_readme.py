"""What the README shows works as it stands there."""

import re
import sys
from pathlib import Path

import pytest

from app.openapi.problems import problem_types
from app.problems import MEANINGS
from app.routes import ROUTES
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.table import task_table, timetable_of
from tests.support.metrics import families_of, whole_scrape
from tests.support.site import end_of, running_web, running_worker, submit

README = Path(__file__).parents[2] / "README.md"


async def test_the_example_of_a_task_list_runs(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied from the page into a file of the name it gives, and named in JOBS_TASKS."""
    (code,) = re.findall(r"```python\n(# shop_tasks\.py\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "shop_tasks.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = {**environ, "JOBS_TASKS": "shop_tasks:TASKS"}
    try:
        async with running_web(settings) as client, running_worker(settings):
            greeting = await submit(client, "shop.greet", {"name": "Ada", "times": 2})
            primes = await submit(client, "shop.count_primes", {"below": 100})
            assert (await end_of(client, greeting["id"]))["result"] == "Hello, Ada!"
            assert (await end_of(client, primes["id"]))["result"] == 25
    finally:
        sys.modules.pop("shop_tasks", None)


def test_the_example_of_schedules_is_taken(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the tasks of the example before it."""
    names = ("shop_tasks", "shop_schedules")
    for name in names:
        pattern = rf"```python\n(# {name}\.py\n.*?)```"
        (code,) = re.findall(pattern, README.read_text(encoding="utf-8"), re.DOTALL)
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    lists = {"JOBS_TASKS": "shop_tasks:TASKS", "JOBS_SCHEDULES": "shop_schedules:SCHEDULES", "JOBS_TIMETABLE": "off"}
    settings = load_settings({**environ, **lists})
    try:
        assert list(timetable_of(settings, task_table(settings))) == ["shop.morning_greeting", "shop.primes"]
    finally:
        for name in names:
            sys.modules.pop(name, None)


def test_the_list_of_problem_types_is_the_code_s() -> None:
    """Each type that is answered is on the page with its statuses and its meaning, word for word, and no other."""
    shown = re.findall(r"^\| `[a-z0-9:/.#-]+` \| \d{3}.*\|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert shown == [str(row) for row in problem_types()]
    assert {row.type for row in problem_types()} == MEANINGS.keys()


async def test_the_routes_on_the_page_are_those_that_there_are() -> None:
    """A path in the table leads somewhere, and no path is left out."""
    shown = set(
        re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) ([^`]+)` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    )
    routed = {
        (method, route.path.replace("progress/{id}", "progress/{task_id}"))
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert shown == routed


async def test_the_metrics_on_the_page_are_those_that_are_shown(environ: dict[str, str], database: Database) -> None:
    """By name, type and labels: alert rules are written by this table. Nothing is left out in either direction."""
    rows = re.findall(r"^\| (`switchyard_.+?) \| (\w+) \|([^|]*)\|", README.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {
        name: (kind, frozenset(re.findall(r"\w+", labels)))
        for names, kind, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert listed == families_of(await whole_scrape(environ, database))
