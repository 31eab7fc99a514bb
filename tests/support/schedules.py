"""Schedules of the tests' own, for JOBS_SCHEDULES."""

from jobs.schedule import Schedule

# Runs out of turn alone, and takes a while.
NAP = Schedule(name="nap", task="diag.sleep", args={"seconds": 0.5}, cron="30 3 29 2 *", timezone="Europe/Berlin")

SCHEDULES = (
    # Each second, whatever became of the former ones.
    Schedule(name="often", task="diag.noop", every_s=1, overlap="allow"),
    NAP,
)

# For who expects that none is missed: a busy machine may keep everybody from firing for a second.
CALMER = (Schedule(name="often", task="diag.noop", every_s=3, overlap="allow"),)

# For who compares what is shown now with what was shown before: no job is made meanwhile.
CALM = (NAP,)

WRONG = (
    Schedule(name="typo", task="diag.nop", cron="61 * * * *"),
    Schedule(name="twice", task="sync_file"),
    Schedule(name="twice", task="sync_file", args={"file_id": "0" * 32}, every_s=60),
)
