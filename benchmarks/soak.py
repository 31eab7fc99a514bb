"""The endurance tests at full size: `./dev soak` prints what they measured. CI runs the same at a small size."""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import progress, table
from benchmarks.sites import new_site
from deploy.local.redis import RedisServer
from jobs.logs import configure_logs
from tests.support.bed import SHORT_LEASE, Bed, bed_of
from tests.support.endurance.alerts import provoke_alerts
from tests.support.endurance.blocked import block_a_loop
from tests.support.endurance.burning import PROCESSES as BURNERS
from tests.support.endurance.burning import burn_cores
from tests.support.endurance.cancels import LIMIT as CANCELS_LIMIT
from tests.support.endurance.cancels import PROCESSES, TASKS, cancel_amid_deaths
from tests.support.endurance.flushed import LIMIT as MOST_RUNNING
from tests.support.endurance.flushed import flush_redis
from tests.support.endurance.frozen import freeze_a_worker
from tests.support.endurance.outage import take_redis_away
from tests.support.endurance.restarts import restart_workers
from tests.support.endurance.rolled_back import roll_redis_back
from tests.support.endurance.soak import LIMIT, soak
from tests.support.figures import Figures
from tests.support.site import quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One endurance test, at full size and at CI's."""

    full: Callable[[Bed, RedisServer], Awaitable[Figures]]
    small: Callable[[Bed, RedisServer], Awaitable[Figures]]
    settings: Mapping[str, str] = field(default_factory=dict)


TRIALS = {
    "soak": Trial(
        full=lambda bed, _: soak(bed, jobs=200_000, rounds=20),
        small=lambda bed, _: soak(bed, jobs=5_000, rounds=3),
        settings={**quotas(running=LIMIT)},
    ),
    "outage": Trial(
        full=lambda bed, redis: take_redis_away(bed, redis, seconds=60),
        small=lambda bed, redis: take_redis_away(bed, redis, seconds=12.5),
    ),
    "flushed": Trial(
        full=lambda bed, _: flush_redis(bed, jobs=5_000, runs_s=40),
        small=lambda bed, _: flush_redis(bed, jobs=500, runs_s=6),
        settings={**quotas(running=MOST_RUNNING)},
    ),
    "rolled_back": Trial(
        full=lambda bed, redis: roll_redis_back(bed, redis, seconds=10),
        small=lambda bed, redis: roll_redis_back(bed, redis, seconds=4),
        settings={"JOBS_LEASE_MS": "6000", "JOBS_RENEW_MS": "2000"},
    ),
    "frozen": Trial(
        full=lambda bed, _: freeze_a_worker(bed, seconds=60),
        small=lambda bed, _: freeze_a_worker(bed, seconds=9),
    ),
    "blocked": Trial(
        full=lambda bed, _: block_a_loop(bed, seconds=30),
        small=lambda bed, _: block_a_loop(bed, seconds=10),
    ),
    "burning": Trial(
        full=lambda bed, _: burn_cores(bed, seconds=60),
        small=lambda bed, _: burn_cores(bed, seconds=5),
        settings={"JOBS_PROCESSES": str(BURNERS)},
    ),
    "cancels": Trial(
        full=lambda bed, _: cancel_amid_deaths(bed, jobs=5_000, deaths=10),
        small=lambda bed, _: cancel_amid_deaths(bed, jobs=1_000, deaths=3),
        settings={**quotas(running=CANCELS_LIMIT), "JOBS_PROCESSES": str(PROCESSES)},
    ),
    "restarts": Trial(
        full=lambda bed, _: restart_workers(bed, times=20),
        small=lambda bed, _: restart_workers(bed, times=3),
    ),
    "alerts": Trial(
        full=lambda bed, redis: provoke_alerts(bed.environ, redis, minute_s=10),
        small=lambda bed, redis: provoke_alerts(bed.environ, redis, minute_s=1),
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tests of these names one after the other; each prints its figures. The first that fails ends it."""
    parser = argparse.ArgumentParser(prog="./dev soak", description="The engine under long ill-treatment.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of: {', '.join(TRIALS)} (default: all)")
    parser.add_argument("--small", action="store_true", help="as CI does: a minute, with a lease of one second")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.names) - set(TRIALS):
        parser.error(f"there is no test {', '.join(sorted(unknown))}; there are: {', '.join(TRIALS)}")
    configure_logs(form="console", level="warning")
    for name in arguments.names or TRIALS:
        progress(f"soak: {name}")
        began = time.monotonic()
        figures = asyncio.run(_run(TRIALS[name], is_small=arguments.small))
        print(f"\n## {name}: passed in {time.monotonic() - began:.0f} s\n\n{table(('', 'figure'), figures.items())}")
    return 0


async def _run(trial: Trial, *, is_small: bool) -> Figures:
    """Run a test on servers of its own."""
    settings = {"JOBS_TASKS": TASKS, **(SHORT_LEASE if is_small else {}), **trial.settings}
    async with new_site(**settings) as site, bed_of(site.environ, site.database) as bed:
        return await (trial.small if is_small else trial.full)(bed, site.redis)


if __name__ == "__main__":
    sys.exit(main())
