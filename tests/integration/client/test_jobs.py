"""Jobs and batches by the client, on a site that runs."""

import pytest

from app.client import (
    BatchEvent,
    Client,
    ConflictError,
    ForbiddenError,
    ForeignAnswerError,
    InvalidInputError,
    JobEndedError,
    JobEvent,
    NotFoundError,
    Patience,
    ProgressEvent,
    UnauthenticatedError,
    UnreachableError,
)
from app.client.shapes.jobs import NewJob
from tests.support.conditions import eventually
from tests.support.people import new_user
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")

ONCE = Patience(total_s=0)


async def test_a_job_is_submitted_and_its_result_waited_for(client: Client) -> None:
    """Options are those of the API; a task without a result gives None."""
    job = await client.jobs.submit("diag.sleep", {"seconds": 0.01}, priority=7, tags=["client"], unique_key="nap")
    assert await client.jobs.result(job["id"]) == 0.01
    shown = await client.jobs.show(job["id"])
    assert (shown["priority"], shown["tags"], len(shown["attempts"])) == (7, ["client"], 1)
    assert [one["id"] async for one in client.jobs.list(tag="client")] == [job["id"]]


async def test_a_job_that_fails_says_how(client: Client) -> None:
    """By an error that has the job; which may be retried, and one that has succeeded may not."""
    job = await client.jobs.submit("diag.fail", {"message": "no paper", "times": 1}, max_tries=1)
    with pytest.raises(JobEndedError, match=r"is failed: DiagnosticError: no paper") as caught:
        await client.jobs.result(job["id"])
    assert caught.value.job["id"] == job["id"]
    assert (await client.jobs.retry(job["id"]))["run"] == 2
    assert (await client.jobs.wait(job["id"]))["state"] == "failed"
    good = await client.jobs.submit("diag.noop")
    await client.jobs.wait(good["id"])
    with pytest.raises(ConflictError):
        await client.jobs.retry(good["id"])


async def test_the_causes_of_failures_are_listed_and_retried(client: Client) -> None:
    """All of one at once."""
    job = await client.jobs.submit("diag.fail", {"message": "of a cause of its own"}, max_tries=1)
    failed = await client.jobs.wait(job["id"])
    assert failed["error"] is not None
    fingerprint = failed["error"]["fingerprint"]

    async def is_listed() -> bool:
        return fingerprint in [cause["fingerprint"] async for cause in client.failures.list()]

    await eventually(is_listed)
    retried = await client.failures.retry(fingerprint)
    assert retried["retried"] >= 1
    assert (retried["remaining"], retried["next_cursor"]) == (0, None)


async def test_a_key_of_the_caller_s_makes_one_job(client: Client) -> None:
    """Sent twice, as by a program that was started again."""
    twice = [await client.jobs.submit("diag.noop", idempotency_key="order-4711") for _ in range(2)]
    assert twice[0]["id"] == twice[1]["id"]


async def test_a_job_is_followed_to_its_end(client: Client) -> None:
    """From how it is, by its changes and its progress."""
    await client.queues.pause("data_sync")
    job = await client.jobs.submit("diag.progress", {"steps": 3, "seconds": 1.0})
    known: dict[str, object] = {}
    steps = []
    async for event in client.jobs.follow(job["id"]):
        assert isinstance(event, JobEvent | ProgressEvent)
        if not known:
            await client.queues.resume("data_sync")  # it runs once it is followed
        known |= event.change
        if isinstance(event, ProgressEvent) and event.change["progress"] is not None:
            steps.append(event.change["progress"]["done"])
    assert (known["state"], known["result"]) == ("succeeded", 3)
    assert steps == sorted(steps)
    assert steps
    again = [event async for event in client.jobs.follow(job["id"])]
    assert [event.change["state"] for event in again if isinstance(event, JobEvent)] == ["succeeded"]


async def test_a_batch_is_larger_than_a_page(client: Client) -> None:
    """It is waited for, and its list goes over pages; its members' ends are not its own."""
    jobs: list[NewJob] = [{"task": "diag.noop"} for _ in range(250)]
    batch = await client.batches.submit(jobs, name="many", on_complete={"task": "diag.noop"})
    ended = await client.batches.wait(batch["id"])
    assert (ended["state"], ended["counts"]) == ("succeeded", {"succeeded": 250})
    listed = [job["id"] async for job in client.jobs.list(batch=batch["id"], task="diag.noop", state=["succeeded"])]
    assert len(set(listed)) == len(listed) >= 250
    assert len([job async for job in client.jobs.list(batch=batch["id"], most=201)]) == 201
    events = [event async for event in client.batches.follow(batch["id"])]
    assert isinstance(events[-1], BatchEvent)
    with pytest.raises(ConflictError):
        await client.batches.retry(batch["id"])


async def test_jobs_and_batches_are_cancelled(client: Client) -> None:
    """Those that have not started never do."""
    job = await client.jobs.submit("diag.noop", delay_s=3600)
    assert (await client.jobs.cancel(job["id"]))["outcome"] == "never_started"
    batch = await client.batches.submit([{"task": "diag.noop", "delay_s": 3600}])
    await client.batches.cancel(batch["id"])
    assert (await client.batches.wait(batch["id"]))["state"] == "cancelled"
    assert (await client.batches.retry(batch["id"]))["state"] == "running"
    await client.batches.cancel(batch["id"])


async def test_refusals_are_of_the_kind_that_their_type_says(standing: StandingSite, client: Client) -> None:
    """With all that the problem says, each wrong field among it."""
    with pytest.raises(InvalidInputError) as invalid:
        await client.batches.submit([{"task": "diag.noop"}, {"task": "diag.sleep", "args": {"secnds": 1}}])
    assert {mistake["pointer"] for mistake in invalid.value.errors} == {"/jobs/1/args/seconds", "/jobs/1/args/secnds"}
    assert (invalid.value.status, invalid.value.type) == (422, "validation")
    with pytest.raises(NotFoundError, match=r"there is no job nothing\?at=all") as missing:
        await client.jobs.show("nothing?at=all")
    assert missing.value.request_id
    for dots in (".", ".."):  # no step up the path: another operation would be asked for
        with pytest.raises(NotFoundError, match="there is no job"):
            await client.jobs.show(dots)
        with pytest.raises(NotFoundError, match="there is no batch"):
            await client.batches.cancel(dots)
    person = await new_user(standing.admin, "client-normal")
    async with Client(standing.url, person.key) as normal:
        with pytest.raises(ForbiddenError):
            await normal.queues.pause("data_sync")
    async with Client(standing.url, "nobody's") as nobody:
        with pytest.raises(UnauthenticatedError):
            await nobody.queues.list()


async def test_where_no_site_is_it_says_so(unused_tcp_port: int, standing: StandingSite) -> None:
    """Nobody listens; or something that is no Switchyard; or what is no address at all."""
    async with Client(f"http://127.0.0.1:{unused_tcp_port}", "key", patience=ONCE) as client:
        with pytest.raises(UnreachableError) as unreachable:
            await client.queues.list()
    assert not unreachable.value.may_have_arrived
    async with Client(f"{standing.url}/docs?", "key") as client:
        with pytest.raises(ForeignAnswerError, match="is this the address of a Switchyard"):
            await client.accounts.me()
    with pytest.raises(ValueError, match="no address"):
        Client("switchyard.example")
