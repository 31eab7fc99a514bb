"""The tasks, their tests and the schedules of app/docs/guide work as they stand there."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest

from jobs.settings import load_settings
from jobs.tasks.table import task_table, timetable_of
from tests.support.pages import guide, write_programs
from tests.support.processes import ROOT
from tests.support.site import end_of, running_web, running_worker, submit


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the pages' programs into files of the names that they give."""
    names = write_programs(guide("tasks") + guide("schedules"), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("shop")
async def test_the_example_of_a_task_list_runs(environ: Mapping[str, str]) -> None:
    """Copied from the page into a file of the name it gives, and named in JOBS_TASKS."""
    settings = {**environ, "JOBS_TASKS": "shop_tasks:TASKS"}
    async with running_web(settings) as client, running_worker(settings):
        greeting = await submit(client, "shop.greet", {"name": "Ada", "times": 2})
        primes = await submit(client, "shop.count_primes", {"below": 100})
        assert (await end_of(client, greeting["id"]))["result"] == "Hello, Ada!"
        assert (await end_of(client, primes["id"]))["result"] == 25


async def test_the_tests_of_tasks_pass(environ: Mapping[str, str], shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given the stores' addresses."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, environ[name])
    module = ModuleType("test_shop_tasks")
    exec((shop / "test_shop_tasks.py").read_text(encoding="utf-8"), vars(module))  # noqa: S102  the page's own
    tests = [test for name, test in vars(module).items() if name.startswith("test_")]
    assert tests
    for test in tests:
        await test()


@pytest.mark.usefixtures("shop")
def test_the_example_of_schedules_is_taken(environ: Mapping[str, str]) -> None:
    """For the tasks of the example before it."""
    lists = {"JOBS_TASKS": "shop_tasks:TASKS", "JOBS_SCHEDULES": "shop_schedules:SCHEDULES", "JOBS_TIMETABLE": "off"}
    settings = load_settings({**environ, **lists})
    assert list(timetable_of(settings, task_table(settings))) == ["shop.morning_greeting", "shop.primes"]
