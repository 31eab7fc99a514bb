"""The operator's commands: each opens the stores that it needs, says what came of it, and gives the exit status."""

import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from jobs import codec
from jobs.check import PATIENCE_S, Canaries, Checks, Finding
from jobs.errors import StoreUnavailableError
from jobs.release import release_parked
from jobs.settings import JobsSettings
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.parking import Parking
from jobs.stores.presence import Presence
from jobs.stores.redis import connect_redis

_RELEASE_PATIENCE_S = 10.0


async def check(
    settings: JobsSettings,
    queues: Sequence[str] | None,
    *,
    canaries: Canaries,
    is_here: bool = False,
    as_json: bool = False,
) -> int:
    """Print a line for each store, queue and canary; 0 where all is well, else 1. It takes a few seconds at most.

    With `is_here` a worker of this host must live, and without `queues` those count that it serves.
    """
    database = await Database.open(
        settings.database_url.get_secret_value(), size=1, patience_s=PATIENCE_S, answer_s=PATIENCE_S
    )
    try:
        async with _redis(settings, patience_s=PATIENCE_S) as redis:
            checks = Checks(database=database, fitness=Fitness(redis), presence=Presence(redis), canaries=canaries)
            findings = await checks.run(queues, host=socket.gethostname() if is_here else None)
    finally:
        await database.close()
    findings.insert(0, Finding(subject="settings", is_ok=True, reason="can be read"))
    is_ok = all(finding.is_ok for finding in findings)
    if as_json:
        lines = [{"subject": one.subject, "ok": one.is_ok, "reason": one.reason} for one in findings]
        _say(codec.dumps({"ok": is_ok, "findings": lines}).decode())
    else:
        for finding in findings:
            _say(str(finding))
    return 0 if is_ok else 1


async def release(settings: JobsSettings, queues: Sequence[str]) -> int:
    """Put all parked jobs back in line and print how many those were; 0, or 1 where Redis does not answer."""
    async with _redis(settings, patience_s=_RELEASE_PATIENCE_S) as redis:
        try:
            workers = await Presence(redis).workers()
            amount = await release_parked(Parking(redis), queues)
        except StoreUnavailableError as error:
            print(f"Not all parked jobs were released: {error}", file=sys.stderr)  # noqa: T201  its last word
            return 1
    if workers:
        names = ", ".join(worker.name for worker in workers)
        print(f"These workers park again what is over a limit; stop them first: {names}", file=sys.stderr)  # noqa: T201
    _say(f"{amount} parked job{'' if amount == 1 else 's'} released")
    return 0


@asynccontextmanager
async def _redis(settings: JobsSettings, *, patience_s: float) -> AsyncIterator[Redis]:
    redis = connect_redis(settings.redis_url.get_secret_value(), patience_s=patience_s)
    try:
        yield redis
    finally:
        await redis.aclose(close_connection_pool=True)


def _say(line: str) -> None:
    print(line)  # noqa: T201  what the command is for
