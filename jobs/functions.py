"""Runs one claimed job as arq's workers do: a function by its name, with hooks, given a dictionary as its context."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from weakref import WeakValueDictionary

import structlog

from jobs import codec, keys
from jobs.contract import JobExecutionFailed, Retry, RetryJob
from jobs.endings import Verdicts, state_of_end
from jobs.errors import JobTimeoutError, UnexpectedExitError
from jobs.held import Run, Stop
from jobs.logs import log_about
from jobs.origin import come_from
from jobs.outcome import Cancelled, Ended, Failed, Outcome, Retrying, Succeeded, Unknown, failure_of
from jobs.payload import Payload, read_payload
from jobs.stores.leases import FOREVER_MS, WHOLE, Claimed, Ending

# Long enough for workers whose clocks differ not to enqueue a cron job again that has just run.
_CRON_KEPT_MS = 60_000
_UNLIMITED_S = 366 * 86_400.0
# What a record goes without until it can be encoded: the result, as in arq; the arguments, which may have been readable
# in a form that nobody can write; or both.
_NO_RESULT: Mapping[str, Any] = {"s": False, "r": "unable to serialize result"}
_NO_ARGUMENTS: Mapping[str, Any] = {"a": (), "k": {}}
_LEFT_OUT: Sequence[Mapping[str, Any]] = ({}, _NO_RESULT, _NO_ARGUMENTS, {**_NO_RESULT, **_NO_ARGUMENTS})

Context = dict[Any, Any]
Hook = Callable[[Context], Awaitable[object]]

log = structlog.stdlib.get_logger(__name__)


class Function(Protocol):
    """What arq's `func` and `cron` make. None: as the worker has it."""

    name: str
    coroutine: Callable[..., Awaitable[Any]]
    timeout_s: float | None
    keep_result_s: float | None
    keep_result_forever: bool | None
    max_tries: int | None


class Host(Protocol):
    """The worker, whose attributes users may change at any time. What arq types in ways of its own is Any here."""

    functions: Any  # name -> Function
    unknown_tasks: Literal["wait", "fail"]
    ctx: Context
    on_job_start: Any  # a Hook, or None; as the next two
    on_job_end: Any
    after_job_end: Any
    retry_jobs: bool
    max_tries: int
    job_timeout_s: Any  # seconds, or None
    keep_result_s: Any  # the same
    keep_result_forever: bool
    tasks: dict[str, asyncio.Task[Any]]
    jobs_complete: int
    jobs_failed: int
    jobs_retried: int

    def encode(self, value: Mapping[str, Any]) -> bytes:
        """Encode a result."""

    def decode(self, encoded: bytes) -> Any:  # noqa: ANN401  a payload
        """Decode a payload."""

    @property
    def writes_json(self) -> bool:
        """Say whether results are written in our own codec."""

    async def call_hook(self, hook: Hook | None, ctx: Context) -> None:
        """Call a hook; what it raises is logged and counted."""


@dataclass(slots=True, weakref_slot=True, kw_only=True)
class _Call:
    """A run on its way. `made` is what the function returned or raised; a payload that cannot be read is None."""

    run: Run
    payload: Payload | None
    function: Function | None
    ctx: Context
    made: Any = None


class FunctionExecutor(Verdicts):
    """Runs the functions of one worker."""

    def __init__(self, host: Host) -> None:
        self._host = host
        # By fence. What is lost or handed back is never settled: a call is there for as long as its run.
        self._calls: WeakValueDictionary[int, _Call] = WeakValueDictionary()
        self._hooks: set[asyncio.Task[None]] = set()

    @property
    def hands_back(self) -> bool:
        """Say whether what a stopping worker has interrupted runs again."""
        return self._host.retry_jobs

    def prepare(self, claimed: Claimed) -> None:
        """Give a stock client's job the limits of its function."""
        payload, function = self._read(claimed)
        if payload is not None:
            claimed.tries += payload.tries_before
        own_tries, own_timeout_s = (function.max_tries, function.timeout_s) if function else (None, None)
        claimed.max_tries = self._host.max_tries if own_tries is None else own_tries
        timeout_s = self._host.job_timeout_s if own_timeout_s is None else own_timeout_s
        claimed.timeout_ms = 1000 * (_UNLIMITED_S if timeout_s is None else timeout_s)

    async def execute(self, run: Run) -> Outcome:
        """Run a try, with its hooks around it. Nothing but a cancellation is raised."""
        claimed = run.claimed
        payload, function = self._read(claimed)
        if payload is not None:
            run.read(payload.function, payload.origin)
            come_from(payload.origin)
        log_about(run)
        ctx = {
            **self._host.ctx,
            "job_id": claimed.id,
            "job_try": claimed.tries,
            "enqueue_time": datetime.fromtimestamp((payload.enqueued_ms if payload else claimed.at_ms) / 1000, UTC),
            "score": claimed.due_ms or claimed.at_ms,
        }
        call = self._calls[claimed.fence] = _Call(run=run, payload=payload, function=function, ctx=ctx)
        run.settled = lambda: self._settled(call)
        if payload is not None and function is None and self._host.unknown_tasks == "wait":
            return Unknown(task=payload.function)
        task = asyncio.current_task()
        if task is not None:
            self._host.tasks[claimed.id] = task
        try:
            await self._host.call_hook(self._host.on_job_start, ctx)
            try:
                return await self._outcome(call)
            finally:
                await self._host.call_hook(self._host.on_job_end, ctx)
        except asyncio.CancelledError:
            self._host.jobs_retried += run.stop is Stop.DRAIN and self._host.retry_jobs
            raise
        finally:
            self._host.tasks.pop(claimed.id, None)

    def ending(self, run: Run, outcome: Ended, *, ms: int) -> Ending:
        """Write an end down as arq does, and count it."""
        claimed = run.claimed
        call = self._calls.get(claimed.fence)
        if call is None:  # it was never begun
            payload, function = self._read(claimed)
            call = _Call(run=run, payload=payload, function=function, ctx={})
        if isinstance(outcome, Succeeded):
            self._host.jobs_complete += 1
        else:
            self._host.jobs_failed += 1
        keep_ms = self._keep_ms(call.function)
        record = self._record(call, outcome) if keep_ms else None
        return Ending(
            claimed=claimed,
            state=state_of_end(outcome),
            result=b"" if record is None else WHOLE + record,
            keep_ms=0 if record is None else keep_ms,
            error=codec.dumps(outcome.failure.as_mapping()) if isinstance(outcome, Failed) else b"",
            value=_value_of(outcome),
            ms=ms,
        )

    async def settle(self) -> None:
        """Wait for the hooks that are called once results have been recorded."""
        while self._hooks:
            await asyncio.wait(self._hooks)

    def _settled(self, call: _Call) -> None:
        if self._host.after_job_end is not None:
            task = asyncio.ensure_future(self._host.call_hook(self._host.after_job_end, call.ctx))
            self._hooks.add(task)
            task.add_done_callback(self._hooks.discard)

    def _read(self, claimed: Claimed) -> tuple[Payload | None, Function | None]:
        try:
            payload = read_payload(claimed.payload, self._host.decode)
        except ValueError:
            return None, None
        return payload, self._host.functions.get(payload.function)

    async def _outcome(self, call: _Call) -> Outcome:
        try:
            call.made = await self._call(call)
            # A codec of the user's own makes no JSON: then the history goes without the value.
            value = codec.dumps_result(call.made) if self._host.writes_json else b"null"
        except asyncio.CancelledError as error:
            if call.run.stop is not None:
                raise
            return self._judge(call, error)  # its own
        except Exception as error:  # noqa: BLE001  whatever a function raises is judged, not passed on
            return self._judge(call, error)
        except BaseException as error:  # noqa: BLE001  the same; sys.exit() would end the worker
            return self._judge(call, UnexpectedExitError.of(error))
        return Succeeded(value=value)

    async def _call(self, call: _Call) -> Any:  # noqa: ANN401  what the function returns
        claimed, payload = call.run.claimed, call.payload
        if payload is None:
            payload = read_payload(claimed.payload, self._host.decode)  # says why it cannot be read
        if call.function is None:
            raise JobExecutionFailed(f"function {payload.function!r} not found")
        if claimed.lost >= claimed.max_tries or claimed.tries > claimed.max_tries:
            raise JobExecutionFailed(f"max {claimed.max_tries} retries exceeded")
        log.info("job_started")
        try:
            async with asyncio.timeout(claimed.timeout_ms / 1000) as limit:
                return await call.function.coroutine(call.ctx, *payload.args, **payload.kwargs)
        except TimeoutError:
            if limit.expired():
                raise JobTimeoutError(f"stopped after {claimed.timeout_ms / 1000:g} s") from None
            raise

    def _judge(self, call: _Call, error: BaseException) -> Outcome:
        claimed, name = call.run.claimed, call.payload.function if call.payload else call.run.claimed.task
        if self._host.retry_jobs and isinstance(error, (Retry, RetryJob, asyncio.CancelledError)):
            if claimed.tries < claimed.max_tries:
                self._host.jobs_retried += 1
                delay_ms = error.defer_score if isinstance(error, Retry) else 0
                return Retrying(failure=failure_of(name, error), delay_s=(delay_ms or 0) / 1000)
            error = JobExecutionFailed(f"max {claimed.max_tries} retries exceeded")
        call.made = error
        failure = failure_of(name, error)
        log.info("try_failed", error=failure.type, message=failure.message, exc_info=error)
        return Failed(failure=failure)

    def _keep_ms(self, function: Function | None) -> int:
        """Say for how long a result is kept: 0 not at all."""
        own_s, own_forever = (function.keep_result_s, function.keep_result_forever) if function else (None, None)
        if self._host.keep_result_forever if own_forever is None else own_forever:
            return FOREVER_MS
        keep_s = self._host.keep_result_s if own_s is None else own_s
        keep_ms = round(1000 * (keep_s or 0))
        return max(keep_ms, _CRON_KEPT_MS) if hasattr(function, "next_run") else keep_ms

    def _record(self, call: _Call, outcome: Ended) -> bytes | None:
        """Encode arq's record of a result, with our state and failure beside it; None where that cannot be done."""
        claimed, payload = call.run.claimed, call.payload
        record = {
            "t": claimed.tries,
            "f": payload.function if payload else claimed.task or "<unknown>",
            "a": payload.args if payload else (),
            "k": payload.kwargs if payload else {},
            "et": payload.enqueued_ms if payload else claimed.at_ms,
            "s": isinstance(outcome, Succeeded),
            "r": self._result(call, outcome),
            "st": claimed.started_ms,
            "ft": round(time.time() * 1000),
            "q": keys.queue(claimed.queue),
            "id": claimed.id,
            "state": str(state_of_end(outcome)),
        }
        if isinstance(outcome, Failed):
            record["failure"] = dict(outcome.failure.as_mapping())
        for left_out in _LEFT_OUT:
            try:
                return self._host.encode({**record, **left_out})
            except Exception:  # a codec of the user's own may raise anything
                log.exception("result_not_encoded", about=call.run)
        return None

    @staticmethod
    def _result(call: _Call, outcome: Ended) -> object:
        if isinstance(outcome, Succeeded):
            return call.made
        if isinstance(outcome, Cancelled):
            return asyncio.CancelledError("cancelled")
        if isinstance(call.made, BaseException):
            return call.made
        return JobExecutionFailed(f"{outcome.failure.type}: {outcome.failure.message}")


def _value_of(outcome: Ended) -> bytes:
    if isinstance(outcome, Failed):
        return outcome.failure.traceback.encode()
    return outcome.value if isinstance(outcome, Succeeded) else b""
