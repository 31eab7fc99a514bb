"""The script's calls of one turn of the event loop travel as one pipeline. It knows nothing of buckets."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ratelimit.script import Word

Answer = Any  # what the script returns, or the error instead
Call = tuple[Sequence[Word], asyncio.Future[list[int]]]

_SLOW = "no answer in time"


class Script(Protocol):
    """What redis-py makes of a script's text."""

    script: Any
    sha: str


class Coalescer:
    """Calls one script.

    At most `pipelines` are on their way at once, each with at most `longest` calls; what comes meanwhile waits and goes
    together. None is waited for longer than `patience_s`. Nothing is sent twice, but what Redis did not run because it
    did not know the script. It belongs to the event loop of its first call.
    """

    def __init__(
        self, redis: "Redis", script: Script, *, pipelines: int = 4, longest: int = 256, patience_s: float = 0.1
    ) -> None:
        self._redis = redis
        self._script = script
        self._pipelines = pipelines
        self._longest = longest
        self._patience_s = patience_s
        self._waiting: deque[Call] = deque()
        self._is_starting = False
        self._running: set[asyncio.Task[None]] = set()

    def call(self, arguments: Sequence[Word]) -> "asyncio.Future[list[int]]":
        """Call it with its number of keys, keys and arguments.

        The answer is a RedisError or an OSError where there is none. A call that is cancelled before it was sent is
        not sent.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[int]] = loop.create_future()
        self._waiting.append((arguments, future))
        self._start_soon()
        return future

    def _start_soon(self) -> None:
        if self._waiting and not self._is_starting and len(self._running) < self._pipelines:
            self._is_starting = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._is_starting = False
        batch: list[Call] = []
        while self._waiting and len(batch) < self._longest:
            arguments, future = self._waiting.popleft()
            if not future.done():
                batch.append((arguments, future))
        if batch:
            task = asyncio.get_running_loop().create_task(self._settle(batch))
            self._running.add(task)
            task.add_done_callback(self._ended)
        self._start_soon()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start_soon()

    async def _settle(self, batch: Sequence[Call]) -> None:
        answers = await self._answers([arguments for arguments, _ in batch])
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def _answers(self, calls: Sequence[Sequence[Word]]) -> Sequence[Answer]:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._asked(calls)
        except (TimeoutError, asyncio.CancelledError):  # the latter when the event loop ends: nobody is left waiting
            return [RedisTimeoutError(_SLOW) for _ in calls]
        except RuntimeError as error:  # uvloop's word for a connection that has just been closed
            return [RedisConnectionError(str(error))] * len(calls)
        except Exception as error:  # noqa: BLE001  it is raised where each call is awaited
            return [error] * len(calls)

    async def _asked(self, calls: Sequence[Sequence[Word]]) -> Sequence[Answer]:
        """Send them; then once more, with the script, those that met a Redis without it."""
        answers = await self._sent(calls)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            again = await self._sent([calls[index] for index in unknown], with_script=True)
            for index, answer in zip(unknown, again, strict=True):
                answers[index] = answer
        return answers

    async def _sent(self, calls: Sequence[Sequence[Word]], *, with_script: bool = False) -> list[Answer]:
        pipeline: Any = self._redis.pipeline(transaction=False)
        if with_script:
            pipeline.execute_command("SCRIPT LOAD", self._script.script)
        for arguments in calls:
            pipeline.execute_command("EVALSHA", self._script.sha, *arguments)
        answers: list[Answer] = await pipeline.execute(raise_on_error=False)
        return answers[1:] if with_script else answers
