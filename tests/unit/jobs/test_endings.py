"""How ends are written down, and how payloads are read."""

from datetime import UTC, datetime

import orjson
import pytest

from jobs import codec
from jobs.endings import ending_of
from jobs.errors import InvalidInputError
from jobs.execute import job_of
from jobs.model import Failure, Job, State
from jobs.outcome import Failed, Succeeded
from jobs.payload import read_payload
from jobs.stores.leases import Claimed
from jobs.tasks.diagnostics import diagnostic_tasks

PAYLOAD = b'{"t":null,"f":"diag.sleep","a":[],"k":{"seconds":1},"et":5}'

SLEEP = next(task for task in diagnostic_tasks(["data_sync"]) if task.name == "diag.sleep")


def claimed(payload: bytes = PAYLOAD, *, lost: int = 0, due_ms: int = 0) -> Claimed:
    """Give a job as a claim hands it over."""
    return Claimed(
        "id", 1, 17, 2, lost, 3, 60_000.0, "ann", 7, "diag.sleep", 1_000, due_ms, payload, "data_sync", 9_000
    )


def read(job: Claimed) -> Job:
    """Read a job as the executor does."""
    payload = read_payload(job.payload)
    return job_of(job, SLEEP.name, SLEEP.arguments.named(payload.args, payload.kwargs))


def test_a_result_is_arqs_record_but_for_the_time() -> None:
    """Redis adds the time and the brace."""
    ending = ending_of(claimed(), Succeeded(value=b'{"rows":[1]}'), ms=5)
    record = orjson.loads(ending.result + b',"ft":1}')
    assert (record["s"], record["r"], record["t"], record["q"]) == (True, {"rows": [1]}, 2, "arq:queue:data_sync")
    assert (ending.state, ending.value, ending.error) == (State.SUCCEEDED, b'{"rows":[1]}', b"")


def test_a_failure_is_told_in_arqs_way_and_in_ours() -> None:
    """Clients of arq get an exception, ours the type, the message and the fingerprint."""
    failure = Failure(type="E", message="m", fingerprint="f")
    ending = ending_of(claimed(), Failed(failure=failure), ms=5)
    record = orjson.loads(ending.result + b',"ft":1}')
    assert (record["s"], record["failure"]) == (False, failure.as_mapping())
    assert record["r"] == {"__error__": "E", "message": "m"}
    assert orjson.loads(ending.error) == failure.as_mapping()


def test_a_job_is_read_off_its_claim() -> None:
    """Times are in UTC; one that was due at once has no `run_at`."""
    job = read(claimed())
    assert (job.args, job.owner, job.tries, job.timeout_s, job.run_at) == ({"seconds": 1}, "ann", 2, 60.0, None)
    assert job.accepted_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert read(claimed(due_ms=2_000)).run_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("args", "kwargs", "named"),
    [
        ((), {"seconds": 1.0}, {"seconds": 1.0}),
        ((1.0,), {}, {"seconds": 1.0}),
        ((1.0,), {"seconds": 2.0}, None),
        ((1.0, 2.0), {}, None),
    ],
)
def test_arguments_by_place_get_their_names(
    args: tuple[float, ...], kwargs: dict[str, float], named: dict[str, float] | None
) -> None:
    """Stock clients give them so; too many, or one that is given twice, is a mistake of theirs."""
    payload = codec.dumps({"t": None, "f": "diag.sleep", "a": args, "k": kwargs, "et": 5})
    if named is None:
        with pytest.raises(InvalidInputError):
            read(claimed(payload))
    else:
        assert read(claimed(payload)).args == named


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\x80\x04", b"{}", b'{"f":"x"}', b'{"t":"x","f":"x","a":[],"k":{},"et":5}']
)
def test_a_payload_that_is_none_is_refused(payload: bytes) -> None:
    """It is an error of the job, not of the worker."""
    with pytest.raises(ValueError, match="its payload cannot be read"):
        read_payload(payload)


def test_a_job_whose_workers_were_lost_too_often_is_exhausted() -> None:
    """As often as it may be tried."""
    assert not claimed(lost=2).is_exhausted
    assert claimed(lost=3).is_exhausted
