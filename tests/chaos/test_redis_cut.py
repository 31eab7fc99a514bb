"""The connection to Redis is lost at the worst moment: between a command and its answer."""

import signal
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from jobs.model import State
from jobs.stores.database import Database
from jobs.stores.scripts import Script
from tests.chaos.wire import Cut, wire_to
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.bed import tally_of
from tests.support.conditions import reaches
from tests.support.processes import worker_process
from tests.support.servers import Servers
from tests.support.site import running_web, submit

_SCRIPTS = ("claim", "enqueue", "finish", "hand_back", "renew", "retry")
_MANY = 90


@pytest.fixture(autouse=True)
def _known_scripts(redis_url: str) -> None:
    """Let Redis know the scripts, so that each call is one message."""
    with Redis.from_url(redis_url) as redis:
        for name in _SCRIPTS:
            redis.script_load(Script(name).text)


def _socket(servers: Servers) -> str:
    return urlsplit(servers.redis.url).path


def _call(name: str, *words: bytes) -> tuple[bytes, ...]:
    """Give the words of a call of this script, beside others that are to be in it."""
    return (b"EVALSHA", Script(name).digest.encode(), *words)


@pytest.mark.parametrize("arrives", [False, True])
async def test_a_submission_whose_answer_is_lost_still_runs(
    servers: Servers, environ: dict[str, str], database: Database, *, arrives: bool
) -> None:
    """Whether Redis got the job or not, it runs, and once."""
    cut = Cut(words=_call("enqueue"), arrives=arrives)
    async with (
        wire_to(_socket(servers), cut) as (url, wire),
        running_web({**environ, "REDIS_URL": url}) as web,
        worker_of(environ, {"data_sync": 1}),
    ):
        job = await submit(web, "diag.noop")
        assert wire.cuts == 1
        async with hasty_recoverer(environ, database):
            ended = await reaches(web, job["id"], "succeeded")
    assert ended["tries"] == 1


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize(
    "words",
    [_call("claim"), _call("claim", b"succeeded"), _call("retry"), _call("renew")],
    ids=["claim", "end", "retry", "renewal"],
)
async def test_a_worker_whose_call_is_lost_neither_loses_nor_doubles_anything(
    servers: Servers, environ: dict[str, str], words: tuple[bytes, ...], *, arrives: bool
) -> None:
    """It asks again, and what Redis had done already is not done twice: the one slot and the tries are as ever."""
    async with wire_to(_socket(servers), Cut(words=words, arrives=arrives)) as (url, wire), running_web(environ) as web:
        jobs = [await submit(web, "diag.fail", {"times": 1}), await submit(web, "diag.sleep", {"seconds": 0.8})]
        async with worker_of({**environ, "REDIS_URL": url}, {"data_sync": 1}):
            tries = [(await reaches(web, job["id"], "succeeded"))["tries"] for job in jobs]
        assert wire.cuts == 1
    async with AsyncRedis.from_url(environ["REDIS_URL"]) as redis:
        tally = await tally_of(redis)
    assert tries == [2, 1]
    assert (tally.started, tally.retried, tally.lost, tally.ended[State.SUCCEEDED]) == (3, 1, 0, 2)


@pytest.mark.parametrize("arrives", [False, True])
async def test_what_a_stopping_worker_hands_back_is_handed_back_once(
    servers: Servers, environ: dict[str, str], *, arrives: bool
) -> None:
    """The answer is lost, and it says so again: the job is in line, with no try counted."""
    cut = Cut(words=_call("hand_back"), arrives=arrives)
    async with wire_to(_socket(servers), cut) as (url, wire), running_web(environ) as web:
        job = await submit(web, "diag.sleep", {"seconds": 60})
        async with worker_process({**environ, "REDIS_URL": url, "JOBS_DRAIN_S": "0"}) as worker:
            await reaches(web, job["id"], "running")
            worker.send(signal.SIGTERM)
            assert await worker.ends(within_s=5) == 0
        assert wire.cuts == 1
        shown = await reaches(web, job["id"], "queued")
    async with AsyncRedis.from_url(environ["REDIS_URL"]) as redis:
        assert (await tally_of(redis)).handed_back == 1
    assert shown["tries"] == 0


async def test_one_lost_answer_in_five_leaves_all_counts_exact(servers: Servers, environ: dict[str, str]) -> None:
    """Whatever the script: each job starts once a try and ends once, and no slot is lost on the way."""
    cut = Cut(words=(b"EVALSHA",), arrives=True, every=5)
    async with wire_to(_socket(servers), cut) as (url, wire), running_web(environ) as web:
        jobs = [await submit(web, "diag.fail", {"times": number % 3}) for number in range(_MANY)]
        async with worker_of({**environ, "REDIS_URL": url}, {"data_sync": 4}):
            tries = [(await reaches(web, job["id"], "succeeded", within_s=40))["tries"] for job in jobs]
        assert wire.cuts > 20
    async with AsyncRedis.from_url(environ["REDIS_URL"]) as redis:
        tally = await tally_of(redis)
    assert tries == [1 + number % 3 for number in range(_MANY)]
    assert (tally.started, tally.retried) == (sum(tries), sum(tries) - _MANY)
    assert (tally.lost, tally.ended[State.SUCCEEDED]) == (0, _MANY)
