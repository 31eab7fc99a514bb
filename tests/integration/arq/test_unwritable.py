"""Jobs whose ends cannot be written down as arq does: they end all the same, once, and no worker ends with them."""

import pickle
from decimal import Decimal
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job

from jobs import codec, keys
from jobs.functions import FunctionExecutor
from jobs.held import Run
from jobs.outcome import Ended
from jobs.stores.leases import Ending
from tests.support.arq_functions import add
from tests.support.arq_site import POLL_S, SOON_S, Ctx, client_of, named, running
from tests.support.conditions import eventually

DEEP = b"[" * 253 + b"]" * 253  # it can be read, but not written inside of a record


async def _tell(client: ArqRedis, function: str, argument: bytes) -> None:
    """Put the job `odd` in line, as somebody may who writes its payload by himself."""
    call = codec.dumps({"t": None, "f": function, "a": [codec.embed(argument)], "k": {}, "et": 1})
    await client.set(keys.PAYLOAD + "odd", call)
    await client.zadd("arq:queue", {"odd": 1_700_000_000_000})


async def _until_over(client: ArqRedis) -> None:
    """Wait until the job has left nothing in line, and the one slot takes the next."""

    async def has_left() -> bool:
        return not await client.exists(keys.PAYLOAD + "odd", keys.job("odd"))

    await eventually(has_left, within_s=SOON_S)
    following = await client.enqueue_job("add", 1)
    assert following is not None
    assert await following.result(timeout=SOON_S, poll_delay=POLL_S) == 2


async def test_arguments_that_cannot_be_written_are_left_out(redis_url: str) -> None:
    """What the function has returned is there."""
    tries: list[int] = []

    async def take(ctx: Ctx, _: object) -> int:
        tries.append(ctx["job_try"])
        return 42

    async with client_of(redis_url) as client, running(redis_url, [named(take, name="take"), add], max_jobs=1):
        await _tell(client, "take", DEEP)
        told = Job("odd", client, _deserializer=codec.loads)
        assert await told.result(timeout=SOON_S, poll_delay=POLL_S) == 42
        info = await told.result_info()
        assert info is not None
        assert (info.success, info.function, tuple(info.args), info.kwargs) == (True, "take", (), {})
        await _until_over(client)
    assert tries == [1]


async def test_a_reader_may_make_what_the_writer_cannot_write(redis_url: str) -> None:
    """Arguments and result: the record goes without both."""
    tries: list[int] = []

    async def give(ctx: Ctx, what: Decimal) -> Decimal:
        tries.append(ctx["job_try"])
        return what

    def loads(encoded: bytes) -> Any:  # noqa: ANN401  a payload
        told = codec.loads(encoded)
        return told | {"a": [Decimal(text) for text in told["a"]]} if told["f"] == "give" else told

    def dumps(value: Any) -> bytes:  # noqa: ANN401  arq's
        return codec.dumps(value)  # not the codec itself, which checks results before

    codecs: dict[str, Any] = {"job_deserializer": loads, "job_serializer": dumps}
    worker = running(redis_url, [named(give, name="give"), add], max_jobs=1, **codecs)
    async with client_of(redis_url) as client, worker:
        await _tell(client, "give", b'"1.5"')
        told = Job("odd", client, _deserializer=codec.loads)
        info = await eventually(told.result_info, within_s=SOON_S)
        assert (info.success, info.result, tuple(info.args)) == (False, "unable to serialize result", ())
        await _until_over(client)
    assert tries == [1]


async def test_no_result_is_kept_where_nothing_can_be_written(redis_url: str) -> None:
    """As arq does."""
    tries: list[int] = []

    async def take(ctx: Ctx) -> None:
        tries.append(ctx["job_try"])

    def dumps(value: dict[str, Any]) -> bytes:
        if value["f"] == "take":
            raise pickle.PicklingError
        return codec.dumps(value)

    codecs: dict[str, Any] = {"job_deserializer": codec.loads, "job_serializer": dumps}
    worker = running(redis_url, [named(take, name="take"), add], max_jobs=1, **codecs)
    async with client_of(redis_url) as client, worker:
        await client.enqueue_job("take", _job_id="odd")
        await _until_over(client)
        assert not await client.exists(keys.RESULT + "odd")
    assert tries == [1]


async def test_a_fault_as_an_end_is_written_ends_the_job_and_no_worker(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has failed, and runs no more."""
    real = FunctionExecutor.ending

    def ending(self: FunctionExecutor, run: Run, outcome: Ended, *, ms: int) -> Ending:
        if run.claimed.id == "odd":
            raise RuntimeError("a fault")
        return real(self, run, outcome, ms=ms)

    monkeypatch.setattr(FunctionExecutor, "ending", ending)
    async with client_of(redis_url) as client, running(redis_url, [add], max_jobs=1):
        await client.enqueue_job("add", 1, _job_id="odd")
        await _until_over(client)
    assert caplog.text.count("end_not_written") == 1
