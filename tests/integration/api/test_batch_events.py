"""/api/batches/{id}/events: a batch as it is, then each change of its jobs, its counts, and its end last of all."""

import asyncio
import random
from collections import defaultdict

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from jobs import live
from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.conditions import reaches
from tests.support.history import Steps, told_by_scripts
from tests.support.listening import Told, has_ended, listening
from tests.support.site import ANNS_KEY, Json, running_worker, submit

_FAILS = {"task": "diag.fail", "args": {}, "max_tries": 1}


def _stream_of(batch: Json) -> str:
    return f"/api/batches/{batch['id']}/events"


def _jobs(told: list[Told]) -> set[str]:
    return {one.data["id"] for one in told if one.name == "job"}


async def test_a_batch_is_shown_and_then_followed_to_its_end(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """First the batch as `GET` shows it and its jobs; then changes; after all of them the end."""
    batch = await submit_batch(admin, [*noops(2), _FAILS], on_complete={"task": "diag.noop"})
    other = await submit(admin, "diag.noop")
    async with listening(app, _stream_of(batch)) as listener:
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
        first = await listener.next()
        assert (first.name, first.data) == ("batch", (await admin.get(f"/api/batches/{batch['id']}")).json())
        shown = [await listener.next() for _ in range(3)]
        assert [(one.name, one.state) for one in shown] == [("job", "queued")] * 3
        async with running_worker(environ):
            told = await listener.rest()
            await reaches(admin, other["id"], "succeeded")
            ended = await end_of_batch(admin, batch["id"])
    assert _jobs(told) == _jobs(shown)
    assert [one.state for one in told if one.name == "job"].count("running") == 3
    assert (told[-1].name, told[-1].data) == ("batch", ended)
    assert (ended["state"], ended["counts"]) == ("partial", {"succeeded": 2, "failed": 1})
    assert ended["on_complete_job_id"] == batch["on_complete_job_id"]


async def test_counts_follow_the_changes_of_jobs(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """While the batch goes on, soon after the history has them; progress of its jobs comes too."""
    long: dict[str, object] = {"task": "diag.progress", "args": {"steps": 1_000, "seconds": 60}}
    batch = await submit_batch(admin, [*noops(2), long])
    async with listening(app, _stream_of(batch)) as listener, running_worker(environ):
        seen: list[Told] = []

        def are_told(told: Told) -> bool:
            # The counts come from PostgreSQL, perhaps before the last change that has led to them.
            seen.append(told)
            states = sorted(str(one.state) for one in seen if one.name == "job" and one.state != "queued")
            counts = [one.data["counts"] for one in seen if one.name == "batch"]
            return states == ["running"] * 3 + ["succeeded"] * 2 and {"succeeded": 2, "running": 1} in counts

        told = await listener.until(are_told)
        assert {one.name for one in await listener.until(lambda one: one.name == "progress")} <= {"progress", "batch"}
        await admin.post(f"/api/batches/{batch['id']}/cancel")
        rest = await listener.rest()
    assert {one.id for one in told[1:] if one.name != "job"} == {None}
    assert (rest[-1].name, rest[-1].state, rest[-1].data["counts"]) == (
        "batch",
        "partial",
        {"succeeded": 2, "cancelled": 1},
    )
    assert rest[-1].id is not None


async def test_too_many_jobs_are_to_be_listed(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """Of more than 200 unfinished jobs none is shown; the batch is, and changes follow all the same."""
    batch = await submit_batch(admin, noops(201, delay_s=600))
    async with listening(app, _stream_of(batch)) as listener:
        hint, shown = await listener.next(), await listener.next()
        where = f"/api/jobs?batch={batch['id']}"
        assert (hint.name, hint.data) == ("reset", {"reason": "too_many", "instead": where})
        assert (shown.name, shown.data["total"]) == ("batch", 201)
        job = (await admin.get(where)).json()["items"][0]
        await admin.post(f"/api/jobs/{job['id']}/cancel")
        told = await listener.next()
        assert (told.data["id"], told.state) == (job["id"], "cancelled")


async def test_others_batches_are_nobody_s_business(
    app: ASGIApp, admin: httpx.AsyncClient, ann: httpx.AsyncClient
) -> None:
    """404 for what is not yours or not there, 401 without login, 422 for a query that nobody knows; yours is yours."""
    secret, own = await submit_batch(admin, noops(1)), await submit_batch(ann, noops(1))
    for path, key, status in (
        (_stream_of(secret), ANNS_KEY, 404),
        ("/api/batches/no-such-batch/events", ANNS_KEY, 404),
        (_stream_of(own), "x" * 40, 401),
        (f"{_stream_of(own)}?color=red", ANNS_KEY, 422),
        (_stream_of(own), ANNS_KEY, 200),
    ):
        async with listening(app, path, key=key) as listener:
            assert listener.status == status


async def test_who_comes_back_is_told_what_he_has_missed(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """Each change once, and the end; with the id of the end there is no more to come, unless the batch was retried."""
    batch = await submit_batch(admin, [*noops(2), _FAILS])
    async with listening(app, _stream_of(batch)) as listener:
        begun = [await listener.next() for _ in range(4)]
        was_at = listener.last_id
    async with running_worker(environ):
        ended = await end_of_batch(admin, batch["id"])
    async with listening(app, _stream_of(batch), last_id=was_at) as listener:
        missed = await listener.rest()
        ended_at = listener.last_id
    assert _jobs(missed) == _jobs(begun)
    assert sorted(one.state or "" for one in missed[:-1]) == ["failed", *["running"] * 3, *["succeeded"] * 2]
    assert (missed[-1].name, missed[-1].data) == ("batch", ended)
    async with listening(app, _stream_of(batch), last_id=ended_at) as listener:
        assert (listener.status, await listener.rest()) == (204, [])
    async with listening(app, _stream_of(batch)) as listener:
        assert [(one.name, one.data) for one in await listener.rest()] == [("batch", ended)]
    await admin.post(f"/api/batches/{batch['id']}/retry")
    async with listening(app, _stream_of(batch), last_id=ended_at) as listener:
        again, opened = await listener.next(), await listener.next()
        assert (again.name, again.state, again.data["run"]) == ("job", "queued", 2)
        assert (opened.name, opened.state) == ("batch", "running")
        async with running_worker(environ):
            rest = await listener.rest()
    assert (rest[-1].name, rest[-1].state, rest[-1].data["counts"]) == (
        "batch",
        "partial",
        {"succeeded": 2, "failed": 1},
    )
    assert [(one.data["run"], one.state) for one in rest if one.name == "job"] == [(2, "running"), (2, "failed")]


async def test_who_does_not_know_where_he_was_begins_anew(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """`reset`, and then how things are."""
    batch = await submit_batch(admin, noops(1))
    async with listening(app, _stream_of(batch), last_id="1-1") as listener:
        reset, shown, job = [await listener.next() for _ in range(3)]
    assert (reset.name, reset.data) == ("reset", {"reason": "unknown"})
    assert (shown.name, shown.state, job.name, job.state) == ("batch", "running", "job", "queued")


async def test_the_end_waits_for_all_that_led_to_it(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL may know of the end before the reader has come to the last events: they are told first."""
    monkeypatch.setattr(live, "_GATHER_S", 2.0)
    batch = await submit_batch(admin, noops(3, delay_s=600))
    async with listening(app, _stream_of(batch)) as listener, running_worker(environ):
        shown = [await listener.next() for _ in range(4)]
        await admin.post(f"/api/jobs/{shown[-1].data['id']}/cancel")
        await listener.until(has_ended)
        await admin.post(f"/api/batches/{batch['id']}/cancel")
        ended = await end_of_batch(admin, batch["id"])
        told = await listener.rest()
    assert [one.state for one in told if one.name == "job"] == ["cancelled"] * 2
    assert (told[-1].name, told[-1].data) == ("batch", ended)


async def test_those_who_come_and_go_miss_nothing(
    app: ASGIApp, admin: httpx.AsyncClient, redis: Redis, environ: dict[str, str]
) -> None:
    """Each has every transition of every job that he was not shown at first; one connection reads."""
    batch = await submit_batch(admin, [{"task": "diag.sleep", "args": {"seconds": 0.02}}] * 50)
    await submit_batch(admin, noops(50))
    all_are_there = asyncio.Barrier(10 + 1)
    clients = [asyncio.create_task(_come_and_go(app, batch, _dice(number), all_are_there)) for number in range(10)]
    await all_are_there.wait()  # what has ended before somebody came is not shown to him
    async with running_worker(environ):
        seen = await asyncio.gather(*clients)
        readers = [client for client in await redis.client_list() if client["cmd"] == "xread"]
    assert len(readers) <= 1
    happened = await told_by_scripts(redis)
    for begun, steps in seen:
        assert len(begun) == 50
        for job_id, shown_at in begun.items():
            assert steps[job_id] == {v: state for v, state in happened[job_id].items() if v > shown_at}
        assert steps.keys() <= begun.keys()


async def _come_and_go(
    app: ASGIApp, batch: Json, dice: random.Random, all_are_there: asyncio.Barrier
) -> tuple[dict[str, int], Steps]:
    """Follow a batch to its end, leaving and coming back; give what was shown first, and then by job what happened."""
    begun: dict[str, int] = {}
    steps: Steps = defaultdict(dict)
    last_id: str | None = None
    while True:
        async with listening(app, _stream_of(batch), last_id=last_id) as listener:
            if listener.status == 204:
                return begun, steps
            for number in range(dice.randint(55, 100)):
                told = await listener.next(within_s=30)
                if last_id is None and number == 0:
                    await all_are_there.wait()
                if told.name == "job" and "args" in told.data:
                    begun[told.data["id"]] = told.data["seq"]
                elif told.name == "job":
                    steps[told.data["id"]][told.data["seq"]] = told.data["state"]
                elif told.name == "batch" and told.data["finished_at"] is not None:
                    break
            last_id = listener.last_id


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  no secret
