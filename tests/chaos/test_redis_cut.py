"""The connection to Redis is lost at the worst moment: between a command and its answer."""

from urllib.parse import urlsplit

import pytest

from jobs.stores.database import Database
from tests.chaos.conditions import reaches
from tests.chaos.wire import Cut, wire_to
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.conftest import Servers
from tests.support.site import running_web, submit

_ENQUEUE = (b"EXEC", b"ZADD")
_CLAIM = (b"EXEC", b"PSETEX", b"arq:in-progress:")
_FETCH = (b"EXEC", b"arq:retry:")  # the payload and the count of tries, as the try begins


def _socket(servers: Servers) -> str:
    return urlsplit(servers.redis.url).path


@pytest.mark.parametrize("arrives", [False, True])
async def test_a_submission_whose_answer_is_lost_still_runs(
    servers: Servers, environ: dict[str, str], database: Database, *, arrives: bool
) -> None:
    """Whether Redis got the job or not, it runs, and once."""
    cut = Cut(words=_ENQUEUE, arrives=arrives)
    async with (
        wire_to(_socket(servers), cut) as (url, wire),
        running_web({**environ, "REDIS_URL": url}) as web,
        worker_of(environ, {"data_sync": 1}),
    ):
        job = await submit(web, "diag.noop")
        assert wire.was_cut.is_set()
        async with hasty_recoverer(environ, database):
            ended = await reaches(web, job["id"], "succeeded")
    assert ended["tries"] == 1


@pytest.mark.parametrize(
    ("words", "arrives"),
    [(_CLAIM, False), (_CLAIM, True), (_FETCH, False)],
    ids=["claim unsent", "claim unanswered", "payload"],
)
async def test_a_claim_whose_answer_is_lost_does_not_block_the_job(
    servers: Servers, environ: dict[str, str], words: tuple[bytes, ...], *, arrives: bool
) -> None:
    """A claim that nobody knows of ends with the job's timeout plus ten seconds, like every other."""
    async with (
        wire_to(_socket(servers), Cut(words=words, arrives=arrives)) as (url, wire),
        running_web(environ) as web,
    ):
        job = await submit(web, "diag.noop", timeout_s=1)
        async with worker_of({**environ, "REDIS_URL": url}, {"data_sync": 1}):
            await reaches(web, job["id"], "succeeded", within_s=16)
            assert wire.was_cut.is_set()
