"""The worker's command line."""

import os
import subprocess
import sys

import pytest

GOOD = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}


@pytest.mark.parametrize(
    ("queues", "says"),
    [
        ("data_sync", "NAME:SLOTS"),
        ("data_sync:0", "NAME:SLOTS"),
        ("data_sync:x", "NAME:SLOTS"),
        ("a:1,a:2", "named twice"),
    ],
)
def test_wrong_queues_are_refused(queues: str, says: str) -> None:
    """With the form that is expected, and status 2."""
    ended = _worker("--queues", queues, **GOOD)
    assert ended.returncode == 2
    assert says in ended.stderr


def test_wrong_settings_stop_the_start_with_all_mistakes() -> None:
    """Before anything is connected."""
    ended = _worker("--queues", "data_sync:1", JOBS_TYPO="1", REDIS_URL="redis://h")
    assert ended.returncode == 2
    assert "JOBS_TYPO" in ended.stderr
    assert "DATABASE_URL: is not set" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_schedules_stop_the_start_with_all_mistakes() -> None:
    """Whatever kind of process it is, by the schedule's name and the field's."""
    ended = _worker("--queues", "data_sync:1", JOBS_SCHEDULES="tests.support.schedules:WRONG", **GOOD)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[1:] == [
        "schedule typo: cron: '61 * * * *': bad minute",
        (
            "schedule typo: task: there is no task 'diag.nop'; there are: check_quality, extract_product_images, "
            "process_workbook, sync_file"
        ),
        "schedule twice: cron: give either cron or every_s",
        "schedule twice: args/file_id: is missing",
        "schedule twice: there are two of this name",
    ]


def _worker(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jobs", "worker", *arguments],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
