"""What deploy/arq.md says of commands, classes and clients is so."""

import re
from pathlib import Path
from typing import Any

import pytest
from arq.connections import RedisSettings

import jobs.stock
from jobs.__main__ import COMMANDS
from tests.support.site import environment, running_worker

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy/arq.md").read_text(encoding="utf-8")


def test_its_commands_are_there() -> None:
    """Each word after `python -m jobs`, with options that are taken."""
    words = set(re.findall(r"python -m jobs ([a-z-]+)", PAGE))
    assert {"worker", "check", "release-parked"} <= words <= COMMANDS.keys()


def test_its_settings_classes_are_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whether it names them with their module or without."""
    stores = {"database_url": "postgresql://h/d", "redis_url": "redis://h"}
    for name, value in environment(**stores, data_dir=tmp_path).items():
        monkeypatch.setenv(name, value)
    names = set(re.findall(r"jobs\.stock\.(\w+)", PAGE)) | {"DataProcessing", "Scheduled"}
    assert "DataSync" in names
    for name in names:
        assert name in PAGE
        assert getattr(jobs.stock, name).__name__ == name


async def test_its_client_works_as_it_stands(environ: dict[str, str]) -> None:
    """Copied from the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102  our own page
    async with running_worker(environ):
        path = environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
        assert await module["greet"](RedisSettings(unix_socket_path=path)) == 0.01


def test_each_difference_has_a_name_of_its_own() -> None:
    """Short and stable, so that others can refer to it."""
    for part in PAGE.split("\n## "):
        names = re.findall(r"^\| `([a-z-]+)` \|", part, re.MULTILINE)
        assert len(names) == len(set(names))


# The differences of our worker, and the tests that show them.
SHOWN = {
    "codec": "test_json_is_the_default_and_a_pickle_is_refused",
    "unknown-task": "test_an_unknown_function_waits",
    "shutdown": "test_a_shutdown_gives_the_try_back",
    "lease": "test_a_lease_takes_the_place_of_the_timeout",
    "abort": "test_aborting_is_always_on",
    "hooks": "test_what_a_hook_raises_stops_nothing",
    "hooks-in-pairs": "test_hooks_are_called_in_pairs",
    "last-try": "test_tries_come_to_an_end",
    "outage": "test_an_outage_of_redis_never_stops_it",
    "polling": "test_polling_has_no_settings",
    "settings": "test_misspelt_settings_are_refused",
    "burst": "test_a_burst_leaves_what_it_does_not_know",
    "cron-results": "test_a_cron_jobs_result_is_kept_for_a_minute",
    "events": "test_what_nobody_reads_is_dropped",
    "logs": None,  # no contract
}


def test_each_difference_of_the_worker_has_a_test() -> None:
    """And the page has each that is tested."""
    part = PAGE.partition("\n## 2. ")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", part, re.MULTILINE)) == SHOWN.keys()
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/integration/arq").glob("test_*.py"))
    assert [name for name in SHOWN.values() if name and f"async def {name}(" not in tests] == []
