"""What lists cost beside a long history: each by an index, no more than a page, however deep in the past."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import combinations, product

import asyncpg
import pytest

from app.migrate import FOLDER, load_migrations, migrate
from jobs.lifecycle import UNFINISHED
from jobs.model import State
from jobs.stores.database import Database
from jobs.stores.failures import FailureStore
from jobs.stores.listing import MOST_READ, JobFilter, Listing, Page, Place
from tests.support.past import BATCH, COMMON, MEMBERS, RARE, make_past
from tests.support.plans import ExplainedDatabase, Plans
from tests.support.servers import Servers

_JOBS = 200_000
_LIMIT = 20
_DEEP = 150_000  # where page 7,500 begins

_LISTS = {
    "all": (JobFilter(), "jobs_of_state"),
    "unfinished": (JobFilter(states=sorted(UNFINISHED)), "jobs_of_state"),
    "running": (JobFilter(states=[State.RUNNING]), "jobs_of_state"),
    "scheduled": (JobFilter(states=[State.SCHEDULED]), "jobs_of_state"),
    "failed": (JobFilter(states=[State.FAILED]), "jobs_of_state"),
    "expired": (JobFilter(states=[State.EXPIRED]), "jobs_of_state"),
    "ended badly": (JobFilter(states=[State.FAILED, State.CANCELLED, State.EXPIRED]), "jobs_of_state"),
    "an owner's": (JobFilter(owner="owner 7"), "jobs_of_owner"),
    "a rare owner's": (JobFilter(owner=RARE), "jobs_of_owner"),
    "an owner's that failed": (JobFilter(owner="owner 11", states=[State.FAILED]), "jobs_of_owner"),
    "an owner's unfinished": (JobFilter(owner="owner 7", states=sorted(UNFINISHED)), "jobs_unfinished"),
    "an owner's running": (JobFilter(owner="owner 21", states=[State.RUNNING]), "jobs_of_state"),
    "a task's": (JobFilter(task="task 5"), "jobs_of_task"),
    "a rare task's": (JobFilter(task=RARE), "jobs_of_task"),
    "a queue's": (JobFilter(queue="queue 1"), "jobs_of_task"),
    "a rare queue's": (JobFilter(queue=RARE), "jobs_of_task"),
    "a task's in a queue": (JobFilter(task="task 5", queue="queue 1"), "jobs_of_task"),
    "a task's that wait": (JobFilter(task="task 5", states=[State.QUEUED]), "jobs_unfinished_of_task"),
    "a rare task's that wait": (JobFilter(task=RARE, states=[State.QUEUED]), "jobs_unfinished_of_task"),
    "a queue's unfinished": (JobFilter(queue="queue 1", states=sorted(UNFINISHED)), "jobs_unfinished_of_task"),
    "a tag's": (JobFilter(tag=COMMON), "job_tags_pkey"),
    "a rare tag's": (JobFilter(tag=RARE), "job_tags_pkey"),
    "nobody's": (JobFilter(owner="nobody"), "jobs_of_owner"),
}


@pytest.fixture(scope="module")
def past_url(servers: Servers) -> Iterator[str]:
    """Make a database with a long history; for all tests here."""

    async def make() -> None:
        connection = await asyncpg.connect(servers.postgres.url)
        await connection.execute("CREATE DATABASE past")
        await connection.close()
        database = await Database.open(servers.url_of("past"), size=1, patience_s=10, answer_s=None)
        await migrate(database, load_migrations(FOLDER))
        await make_past(database, _JOBS)
        await database.close()

    async def drop() -> None:
        connection = await asyncpg.connect(servers.postgres.url)
        await connection.execute("DROP DATABASE past WITH (FORCE)")
        await connection.close()

    with ThreadPoolExecutor(max_workers=1) as outside:  # this thread's event loop is the tests'
        outside.submit(asyncio.run, make()).result()
        yield servers.url_of("past")
        outside.submit(asyncio.run, drop()).result()


@pytest.fixture
async def past(past_url: str) -> AsyncIterator[ExplainedDatabase]:
    """Give a pool on it that tells what PostgreSQL does."""
    database = await ExplainedDatabase.open(past_url, size=1, patience_s=10, answer_s=30)
    database.plans = Plans()
    yield database
    await database.close()


async def _place(past: ExplainedDatabase, number: int) -> Place:
    async with Database.connect(past) as connection:
        row = await connection.fetch_row("SELECT accepted_at, id FROM jobs ORDER BY id OFFSET $1 LIMIT 1", number)
    assert row is not None
    return Place(row["accepted_at"], row["id"])


async def _page(past: ExplainedDatabase, wanted: JobFilter, after: Place | None) -> tuple[Page, Plans]:
    past.plans = Plans()
    return await Listing(past).page(wanted, after=after, limit=_LIMIT), past.plans


def _bound(wanted: JobFilter) -> int:
    """Say how many buffers a page may take.

    A page's jobs by their ids take four each here; each state, or task and queue, three and one for each job that is
    looked at.
    """
    of_task = wanted.task is not None or wanted.queue is not None
    return _LIMIT * 4 + (18 if of_task else 4) * (_LIMIT + 4)


@pytest.mark.parametrize("name", _LISTS)
async def test_a_list_is_read_by_its_index_and_no_further_than_a_page(past: ExplainedDatabase, name: str) -> None:
    """The first page and one of the far past alike, of the common and of the rare."""
    wanted, index = _LISTS[name]
    deep = await _place(past, _JOBS - _DEEP)
    for after in (None, deep):
        page, plans = await _page(past, wanted, after)
        assert page.jobs or name == "nobody's" or wanted.states
        assert plans.read_whole == set()
        assert index in plans.indexes
        assert plans.buffers <= _bound(wanted), f"{plans.buffers} buffers after {after}"


async def test_a_batch_s_list_reads_no_more_than_a_page(past: ExplainedDatabase) -> None:
    """However large the batch is, and of each state."""
    for states in ([], [State.FAILED], [State.SUCCEEDED]):
        wanted = JobFilter(batch=BATCH, states=states)
        page, plans = await _page(past, wanted, None)
        assert len(page.jobs) == min(_LIMIT, MEMBERS // 50 if states == [State.FAILED] else MEMBERS)
        assert plans.read_whole == set()
        assert "jobs_of_batch" in plans.indexes
        assert plans.buffers <= _bound(wanted)


async def test_page_7500_costs_what_page_1_does(past: ExplainedDatabase) -> None:
    """Going on from a place does not count what lies before it; the first page does not read all that waits."""
    deep = await _place(past, _JOBS - _DEEP)
    for wanted in (JobFilter(), JobFilter(owner="owner 7"), JobFilter(task="task 5"), JobFilter(tag=COMMON)):
        first, first_plans = await _page(past, wanted, None)
        page, plans = await _page(past, wanted, deep)
        assert len(first.jobs) == len(page.jobs) == _LIMIT
        assert plans.buffers <= first_plans.buffers * 1.1 + 10
        assert first_plans.buffers <= plans.buffers * 1.5


async def test_a_time_bounds_what_is_read(past: ExplainedDatabase) -> None:
    """From both sides."""
    place = await _place(past, 100_000)
    wanted = JobFilter(accepted_after=place.at, accepted_before=place.at + timedelta(seconds=5))
    page, plans = await _page(past, wanted, None)
    assert len(page.jobs) == 10
    assert page.following is None
    assert plans.read_whole == set()
    assert plans.buffers <= _bound(wanted)


async def test_what_no_index_has_is_looked_for_so_far_and_no_further(past: ExplainedDatabase) -> None:
    """Few of an owner's jobs are of a rare task: a page is found by the index alone, or else is short and goes on."""
    wanted = JobFilter(owner="owner 7", task=RARE)
    found, following, pages = 0, None, 0
    while pages == 0 or following is not None:
        page, plans = await _page(past, wanted, following)
        assert plans.read_whole == set()
        assert plans.buffers < 500
        found, following, pages = found + len(page.jobs), page.following, pages + 1
    row = await past.fetch_row("SELECT count(*) AS amount FROM jobs WHERE owner = 'owner 7' AND task = $1", RARE)
    assert row is not None
    assert found == row["amount"]


_VALUES: Mapping[str, Sequence[object]] = {
    "states": ([State.SUCCEEDED], [State.FAILED], [State.EXPIRED], [State.SCHEDULED], sorted(UNFINISHED)),
    "owner": ("owner 7", RARE),
    "task": ("task 5", RARE),
    "queue": ("queue 1", RARE),
    "tag": (COMMON, RARE),
    "batch": (BATCH,),
    "accepted_after": (datetime.now(UTC) - timedelta(days=80),),
}


@pytest.mark.parametrize("names", list(combinations(_VALUES, 2)))
async def test_any_two_filters_are_tried_so_far_and_no_further(past: ExplainedDatabase, names: tuple[str, str]) -> None:
    """Of rare and common values, on the first page and in the far past: four hundred jobs are read at most."""
    deep = await _place(past, _JOBS - _DEEP)
    most = 4 * (MOST_READ + _LIMIT + 1) + 100 if "tag" in names else _bound(JobFilter(queue=""))
    for values in product(*(_VALUES[name] for name in names)):
        wanted = JobFilter(**dict(zip(names, values, strict=True)))  # type: ignore[arg-type]
        for after in (None, deep):
            page, plans = await _page(past, wanted, after)
            assert plans.read_whole == set(), wanted
            assert plans.buffers <= most, f"{plans.buffers} buffers of {wanted} after {after}"
            assert page.following is None or after is None or page.following < after


async def test_causes_are_found_without_reading_all_failures(past: ExplainedDatabase) -> None:
    """By the index of what failed: each cause in a few steps, counted up to a thousand."""
    store = FailureStore(past)
    since = datetime.now(UTC) - timedelta(days=90)
    past.plans = Plans()
    causes = await store.causes(owner=None, since=since, after=None, limit=_LIMIT)
    assert past.plans.read_whole == set()
    assert past.plans.indexes >= {"jobs_failed"}
    row = await past.fetch_row(
        "SELECT count(*) AS amount FROM jobs WHERE error ->> 'fingerprint' = $1", causes[0].fingerprint
    )
    assert row is not None
    assert causes[0].count == row["amount"]
    past.plans = Plans()
    owners = await store.causes(owner="owner 11", since=None, after=None, limit=_LIMIT)
    assert past.plans.buffers < 2_000
    assert {owner for cause in owners for owner in cause.owners} == {"owner 11"}
