"""What the queues in Redis hold, page by page, and whole jobs made from what Redis has of them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from jobs import codec, keys
from jobs.model import Job, State
from jobs.origin import believed
from jobs.payload import origin_in
from jobs.stores.redis import answering

_PAGE = 200


class Entries:
    """Read only. All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def page(self, queue: str, cursor: int) -> tuple[int, list[str]]:
        """Give the next cursor, 0 after the last page, and the ids of about 200 jobs; begin with 0.

        What is no text is left out: a stranger has put it in, and the queue puts it aside.
        """
        with answering():
            following, found = await self._redis.zscan(keys.queue(queue), cursor, count=_PAGE)
        return int(following), texts_of(job_id for job_id, _ in found)

    async def runs(self, job_ids: Sequence[str]) -> Mapping[str, int]:
        """Give the runs of those of these jobs that have a hash that says it."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.hget(keys.job(job_id), "run")
            told = await pipe.execute(raise_on_error=False)
        found = zip(job_ids, told, strict=True)
        return {job_id: int(run) for job_id, run in found if isinstance(run, bytes) and run.isdigit()}

    async def jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """Give those of these jobs that have a hash and a payload that can be read, as they are now."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.hgetall(keys.job(job_id))
                pipe.get(keys.PAYLOAD + job_id)
            told = await pipe.execute(raise_on_error=False)
        found = []
        for job_id, fields, payload in zip(job_ids, told[::2], told[1::2], strict=True):
            if isinstance(fields, dict) and isinstance(payload, bytes):
                job = _job(job_id, fields, payload)
                found += [] if job is None else [job]
        return found


def texts_of(found: Iterable[bytes]) -> list[str]:
    """Give those of these ids that are texts."""
    texts = []
    for job_id in found:
        with suppress(UnicodeDecodeError):
            texts.append(job_id.decode())
    return texts


def _job(job_id: str, hash_fields: Mapping[bytes, bytes], payload: bytes) -> Job | None:
    """Read a job; None where the rest of its words are missing, or where it takes arguments by place."""
    try:
        fields = {name.decode(): value.decode() for name, value in hash_fields.items()}
        call: dict[str, Any] = codec.loads_plain(payload)
        if call["a"]:
            return None
        priority, at, due, most, timeout, _ = fields["d"].split(":")
        expires, _, unique = fields.get("x", "0:").partition(":")
        return Job(
            id=job_id,
            task=fields["t"] or call["f"],
            queue=fields["q"],
            owner=fields["o"],
            state=State(fields["st"]),
            priority=int(priority),
            args=call["k"],
            tags=(),
            run=int(fields["run"]),
            fence=int(fields.get("f", "0")),
            tries=int(fields.get("try", "0")),
            max_tries=int(most),
            timeout_s=float(timeout) / 1000,
            accepted_at=_moment(at),
            run_at=None if due == "0" else _moment(due),
            expires_at=None if expires == "0" else _moment(expires),
            unique_key=unique.split(":", 2)[2] if unique else None,
            origin=believed(origin_in(call)),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _moment(ms: str) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)
