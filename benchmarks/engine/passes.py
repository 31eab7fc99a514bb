"""One contestant does one thing once, against an emptied Redis of its own; what it gives is a measure."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.engine.contestants import Contestant
from benchmarks.engine.environments import ROOT, python_of
from benchmarks.engine.measures import Drained, Enqueued, PickedUp, RedisMeter, Tally, cpu_s, run_once, steady_rate
from benchmarks.engine.peers.script import READY
from benchmarks.engine.peers.tally import STARTED_SOCKET
from benchmarks.measure import environment_of
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer

CONCURRENCY = 100

_ANSWER_S = 120.0
_DRAINED_S = 120.0
_STOP_S = 30.0
_LOOKED_EVERY_S = 0.05
_LOG_LINES = 20
_METER_READS = 2  # the second reading sees its own two commands


class PassError(RuntimeError):
    """A contestant did not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that is loaded and waits for the line that lets it begin."""

    process: "subprocess.Popen[str]"

    def begin(self) -> None:
        """Let it connect and work."""
        self._say("go\n")

    def end(self) -> Tally:
        """Stop it by SIGTERM and take its tally."""
        self.process.send_signal(signal.SIGTERM)
        told, _ = self.process.communicate(timeout=_STOP_S)
        return Tally(**json.loads(told.splitlines()[-1]))

    def _say(self, line: str) -> None:
        if self.process.stdin is None:
            raise PassError("the worker was started without a way to talk to it")
        self.process.stdin.write(line)
        self.process.stdin.flush()


@contextmanager
def ring_of(contestant: Contestant, folder: Path) -> Iterator["Ring"]:
    """Give a contestant servers of its own; Redis shall not rewrite its log while something is measured."""
    with ExitStack() as stack:
        server = stack.enter_context(RedisServer(folder / "redis", durable=True))
        redis = stack.enter_context(Redis.from_url(server.url))
        redis.config_set("auto-aof-rewrite-percentage", 0)
        urls = {"BENCH_REDIS_URL": server.url}
        if contestant.has_history:
            urls["BENCH_DATABASE_URL"] = stack.enter_context(PostgresServer(folder / "postgres", durable=True)).url
        yield Ring(contestant=contestant, folder=folder, urls=urls, redis=redis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A contestant with servers of its own; each pass but a drain empties that first. `folder` keeps its log."""

    contestant: Contestant
    folder: Path
    urls: Mapping[str, str]
    redis: Redis

    def enqueue_one_by_one(self) -> Enqueued:
        """Put jobs in, each after the other."""
        self.empty()
        return self._enqueue("enqueue-one", self.contestant.singles)

    def enqueue_batch(self) -> Enqueued:
        """Put in all that a drain takes out, as fast as the engine can."""
        self.empty()
        return self._enqueue("enqueue-batch", self.contestant.jobs)

    def drain(self, processes: int) -> Drained:
        """Let so many workers run what was just put in; loading is over before it begins, connecting is not."""
        jobs = self.contestant.jobs
        with self._workers(processes) as workers:
            cpu_before_s = sum(cpu_s(worker.process.pid) for worker in workers)
            redis_before = RedisMeter.read(self.redis)
            for worker in workers:
                worker.begin()
            looks = self._until_drained()
            redis_after = RedisMeter.read(self.redis, looks=looks + _METER_READS)
            worker_cpu_s = sum(cpu_s(worker.process.pid) for worker in workers) - cpu_before_s
            tallies = [worker.end() for worker in workers]
        return Drained(
            per_s=steady_rate(tallies),
            worker_cpu_s_per_k=1000 * worker_cpu_s / jobs,
            redis_cpu_s_per_k=1000 * (redis_after.cpu_s - redis_before.cpu_s) / jobs,
            reads_per_job=(redis_after.reads - redis_before.reads) / jobs,
            jobs=jobs,
            once=run_once(tallies, jobs),
        )

    def pick_up(self, jobs: int) -> PickedUp:
        """Send single jobs to an idle worker."""
        self.empty()
        self._started.unlink(missing_ok=True)
        with self._workers(1) as workers:
            workers[0].begin()
            waited_ms = self._answer_of("pick-up", jobs)["waited_ms"]
            workers[0].end()
        return PickedUp(waited_ms=tuple(waited_ms))

    def empty(self) -> None:
        """Take out all that Redis has, and let the engine settle in it."""
        self.redis.flushall()
        self._answer_of("settle")

    def _enqueue(self, command: str, jobs: int) -> Enqueued:
        return Enqueued(per_s=jobs / self._answer_of(command, jobs)["seconds"])

    def _until_drained(self) -> int:
        """Wait until no job is left; the answer is how many commands of ours that took."""
        until = time.monotonic() + _DRAINED_S
        looks = 1
        while left := self.contestant.left(self.redis):
            if time.monotonic() > until:
                raise self._failure(f"{left} jobs are still left after {_DRAINED_S:g} s")
            time.sleep(_LOOKED_EVERY_S)
            looks += 1
        return looks

    def _answer_of(self, *command: object) -> Any:  # noqa: ANN401  each command has an answer of its own
        with self._log.open("ab") as errors:
            done = subprocess.run(
                self._command(*command),
                cwd=ROOT,
                env=self._env(),
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=_ANSWER_S,
                check=False,
            )
        if done.returncode != 0:
            raise self._failure(f"{command[0]} ended with status {done.returncode}")
        return json.loads(done.stdout.splitlines()[-1])

    @contextmanager
    def _workers(self, processes: int) -> Iterator[list[Worker]]:
        """Start so many and wait until all are loaded; none outlives the block."""
        with self._log.open("ab") as errors:
            started = [
                subprocess.Popen(
                    self._command("worker", "--concurrency", CONCURRENCY),
                    cwd=ROOT,
                    env=self._env(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                )
                for _ in range(processes)
            ]
        try:
            for process in started:
                if process.stdout is None or process.stdout.readline() != f"{READY}\n":
                    raise self._failure("a worker did not start")
            yield [Worker(process) for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()

    @property
    def _started(self) -> Path:
        return self.folder / "started"

    @property
    def _log(self) -> Path:
        return self.folder / "contestant.log"

    def _failure(self, what: str) -> PassError:
        last = self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return PassError("\n".join([f"{self.contestant.name}: {what}", *last]))

    def _command(self, *words: object) -> list[str]:
        environment = self.contestant.environment
        python = sys.executable if environment is None else python_of(environment)
        return [str(python), "-m", f"benchmarks.engine.peers.{self.contestant.script}", *map(str, words)]

    def _env(self) -> Mapping[str, str]:
        return environment_of({**self.urls, STARTED_SOCKET: str(self._started)})
