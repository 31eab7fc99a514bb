"""Schedules of the tests' own, for JOBS_SCHEDULES."""

from jobs.schedule import Schedule

# Each second, whatever became of the former ones; what runs out of turn takes a while.
SCHEDULES = (
    Schedule(name="often", task="diag.noop", every_s=1, overlap="allow"),
    Schedule(name="nap", task="diag.sleep", args={"seconds": 0.5}, cron="30 3 29 2 *", timezone="Europe/Berlin"),
)

WRONG = (
    Schedule(name="typo", task="diag.nop", cron="61 * * * *"),
    Schedule(name="twice", task="sync_file"),
    Schedule(name="twice", task="sync_file", args={"file_id": "0" * 32}, every_s=60),
)
