"""How ends are written down, and how payloads are read."""

from datetime import UTC, datetime

import orjson
import pytest

from jobs.endings import ending_of
from jobs.execute import job_of
from jobs.model import Failure, State
from jobs.outcome import Failed, Succeeded
from jobs.stores.leases import Claimed

PAYLOAD = b'{"t":null,"f":"diag.sleep","a":[],"k":{"seconds":1},"et":5}'


def claimed(payload: bytes = PAYLOAD, *, lost: int = 0, due_ms: int = 0) -> Claimed:
    """Give a job as a claim hands it over."""
    return Claimed(
        "id", 1, 17, 2, lost, 3, 60_000.0, "ann", 7, "diag.sleep", 1_000, due_ms, payload, "data_sync", 9_000
    )


def test_a_result_is_arqs_record_but_for_the_time() -> None:
    """Redis adds the time and the brace."""
    ending = ending_of(claimed(), Succeeded(value=b'{"rows":[1]}'), ms=5, is_fresh=True)
    record = orjson.loads(ending.result + b',"ft":1}')
    assert (record["s"], record["r"], record["t"], record["q"]) == (True, {"rows": [1]}, 2, "arq:queue:data_sync")
    assert (ending.state, ending.value, ending.error) == (State.SUCCEEDED, b'{"rows":[1]}', b"")


def test_a_failure_is_told_in_arqs_way_and_in_ours() -> None:
    """Clients of arq get an exception, ours the type, the message and the fingerprint."""
    failure = Failure(type="E", message="m", fingerprint="f")
    ending = ending_of(claimed(), Failed(failure=failure), ms=5, is_fresh=False)
    record = orjson.loads(ending.result + b',"ft":1}')
    assert (record["s"], record["r"]["message"], record["failure"]) == (False, "E: m", failure.as_mapping())
    assert orjson.loads(ending.error) == failure.as_mapping()


def test_a_job_is_read_off_its_claim() -> None:
    """Times are in UTC; one that was due at once has no `run_at`."""
    job = job_of(claimed())
    assert (job.args, job.owner, job.tries, job.timeout_s, job.run_at) == ({"seconds": 1}, "ann", 2, 60.0, None)
    assert job.accepted_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert job_of(claimed(due_ms=2_000)).run_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize("payload", [b"", b"[]", b"\x80\x04", b"{}", b'{"f":"x","a":[1],"k":{}}', b'{"f":"x"}'])
def test_a_payload_that_is_none_is_refused(payload: bytes) -> None:
    """It is an error of the job, not of the worker."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        job_of(claimed(payload))


def test_a_job_whose_workers_were_lost_too_often_is_exhausted() -> None:
    """As often as it may be tried."""
    assert not claimed(lost=2).is_exhausted
    assert claimed(lost=3).is_exhausted
