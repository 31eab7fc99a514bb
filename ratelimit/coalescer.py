"""The script's calls of one turn of the event loop travel as one pipeline. It knows nothing of buckets."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from redis.asyncio import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ratelimit.script import Word

_SLOW = "no answer in time"


class Script(Protocol):
    """What redis-py makes of a script's text."""

    script: Any
    sha: str


Command = tuple[Word, ...]
Answer = Any  # what the script returns, or the error instead


class Call(Protocol):
    """A call of the script, on behalf of one who waits, or of several."""

    def leave(self) -> Sequence[Word] | None:
        """Give its number of keys, keys and arguments as it is sent; None where nobody waits any more."""

    def arrive(self, answer: Answer) -> None:
        """Take the answer, or where there is none redis-py's error or an OSError."""


Departure = tuple[Command, Call]


class Coalescer:
    """Calls one script.

    At most `pipelines` are on their way at once, each with at most `longest` calls; what comes meanwhile waits and goes
    together. None is waited for longer than `patience_s` once it is on its way. Nothing is sent twice, but what Redis
    did not run because it did not know the script. It belongs to the event loop of its calls.
    """

    def __init__(
        self, pool: "ConnectionPool", script: Script, *, pipelines: int, longest: int = 32, patience_s: float
    ) -> None:
        self._pool: Any = pool  # redis-py annotates its connections in part
        self._load = ("SCRIPT LOAD", script.script)
        self._run = ("EVALSHA", script.sha)
        self._pipelines = pipelines
        self._longest = longest
        self._patience_s = patience_s
        self._waiting: deque[Call] = deque()
        self._is_starting = False
        self._travelling: set[asyncio.Task[None]] = set()

    def send(self, call: Call) -> None:
        """Let a call leave as soon as there is room for it."""
        self._waiting.append(call)
        if not self._is_starting and len(self._travelling) < self._pipelines:
            self._start()

    def _start(self) -> None:
        """Let a pipeline depart in the next turn, with all that wait by then."""
        self._is_starting = True
        task = asyncio.get_running_loop().create_task(self._travel())
        self._travelling.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._travelling.discard(task)
        if task.cancelled():  # before it began
            self._is_starting = False
        elif self._waiting and not self._is_starting:  # it came between the end of the last pipeline and this
            self._start()

    async def _travel(self) -> None:
        self._is_starting = False
        while batch := self._take():
            if self._waiting and not self._is_starting and len(self._travelling) < self._pipelines:
                self._start()
            answers = await self._answers([command for command, _ in batch])
            for (_, call), answer in zip(batch, answers, strict=True):
                call.arrive(answer)

    def _take(self) -> list[Departure]:
        batch: list[Departure] = []
        while self._waiting and len(batch) < self._longest:
            call = self._waiting.popleft()
            if (words := call.leave()) is not None:
                batch.append(((*self._run, *words), call))
        return batch

    async def _answers(self, commands: Sequence[Command]) -> Sequence[Answer]:
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._known(commands)
        except (TimeoutError, asyncio.CancelledError):  # the latter when the event loop ends: nobody is left waiting
            return [RedisTimeoutError(_SLOW) for _ in commands]
        except RuntimeError as error:  # uvloop's word for a connection that has just been closed
            return [RedisConnectionError(str(error))] * len(commands)
        except Exception as error:  # noqa: BLE001  it is raised where each call is awaited
            return [error] * len(commands)

    async def _known(self, commands: Sequence[Command]) -> Sequence[Answer]:
        """Send them; then once more, with the script, those that met a Redis without it."""
        answers = await self._sent(commands)
        unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            again = await self._sent([self._load, *[commands[index] for index in unknown]])
            for index, answer in zip(unknown, again[1:], strict=True):
                answers[index] = answer
        return answers

    async def _sent(self, commands: Sequence[Command]) -> list[Answer]:
        """Send them over one connection, not by a pipeline of redis-py: that sends again what got no answer."""
        connection = await self._pool.get_connection()
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            return [await _next_answer(connection) for _ in commands]
        except BaseException:
            await connection.disconnect(nowait=True)  # there may be answers on their way that nobody will read
            raise
        finally:
            await self._pool.release(connection)


async def _next_answer(connection: Any) -> Answer:  # noqa: ANN401  as above
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
