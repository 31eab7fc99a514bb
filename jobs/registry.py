"""What a task is and which tasks there are. Tasks are declared in literal lists; nothing registers itself."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypeVar

from jobs.arguments import Arguments
from jobs.errors import TaskTableError
from jobs.retry import RetryPolicy

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_QUEUE = re.compile(r"[a-z][a-z0-9_-]*")

DEFAULT_MAX_TRIES = 5
DEFAULT_TIMEOUT_S = 300.0
LONGEST_TIMEOUT_S = 86_400.0

Declared = TypeVar("Declared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One kind of work, declared once.

    `function` is either async, and then gets a JobContext as its first argument and runs in the worker's
    event loop; or plain, and then gets only its own arguments and runs in a child process, where it is killed
    at the timeout. Its other parameters must have types and are what a submitter gives as `args`.

    `queue` is where its jobs go; `other_queues` are those that a submitter may ask for instead.
    `timeout_s` is for one try. An async function runs in the event loop (`is_async`), a plain one in a child process,
    or, with `runs_in` "thread", in a thread of the worker: for what cannot leave the process. A thread is not killed;
    it is to look at `jobs.threads.is_stopping`. `typical_s` is how long a run takes as far as anybody can say before it
    was measured; None: as long as JOBS_TURN_MS says. One that is `system_only` runs on schedules and out of turn, but
    nobody submits it.
    """

    name: str
    function: Callable[..., Any]
    queue: str
    other_queues: tuple[str, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_tries: int = DEFAULT_MAX_TRIES
    retry: RetryPolicy = RetryPolicy()
    typical_s: float | None = None
    runs_in: Literal["loop", "process", "thread"] | None = None
    system_only: bool = False
    arguments: Arguments = field(init=False, repr=False, compare=False)
    is_async: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a declaration that could not run. Raises TaskTableError."""
        if not _NAME.fullmatch(self.name):
            raise TaskTableError(f"task {self.name!r}: a name is lower case words, joined by dots")
        for queue in self.queues:
            if not _QUEUE.fullmatch(queue):
                raise TaskTableError(f"task {self.name}: {queue!r} is no name for a queue")
        if not 0 < self.timeout_s <= LONGEST_TIMEOUT_S:
            raise TaskTableError(f"task {self.name}: timeout_s must be above 0 and at most {LONGEST_TIMEOUT_S:.0f}")
        if self.max_tries < 1:
            raise TaskTableError(f"task {self.name}: max_tries must be 1 or more")
        object.__setattr__(self, "is_async", inspect.iscoroutinefunction(self.function))
        if self.runs_in is None:
            object.__setattr__(self, "runs_in", "loop" if self.is_async else "process")
        elif (self.runs_in == "loop") is not self.is_async:
            fitting = "async: it runs in the loop" if self.is_async else "plain: it runs in a process or a thread"
            raise TaskTableError(f"task {self.name}: runs_in does not fit, since its function is {fitting}")
        arguments = Arguments(self.name, self.function, skip=1 if self.is_async else 0)
        object.__setattr__(self, "arguments", arguments)

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue that a job of this task may go to, its own first."""
        return (self.queue, *self.other_queues)


class TaskTable(Mapping[str, Task]):
    """The tasks that a process knows, by name. Raises TaskTableError where two share a name."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks: dict[str, Task] = {}
        for task in tasks:
            if task.name in self._tasks:
                raise TaskTableError(f"task {task.name}: there are two of this name")
            self._tasks[task.name] = task

    def __getitem__(self, name: str) -> Task:
        """Give the task of this name; raises KeyError."""
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names in the order of declaration."""
        return iter(self._tasks)

    def __len__(self) -> int:
        """Count the tasks."""
        return len(self._tasks)

    def typical_s(self, name: str, *, otherwise: float) -> float:
        """Say how long a task is taken to run until that is measured: `otherwise` where nobody has said so."""
        declared = self._tasks[name].typical_s if name in self._tasks else None
        return otherwise if declared is None else declared

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue that a task names, in the order of declaration."""
        return tuple(dict.fromkeys(queue for task in self._tasks.values() for queue in task.queues))


def load_task_list(path: str) -> tuple[Task, ...]:
    """Import a task list given as `package.module:NAME`. Raises TaskTableError that says what is wrong."""
    return load_list(path, Task, setting="JOBS_TASKS")


def load_list(path: str, kind: type[Declared], *, setting: str) -> tuple[Declared, ...]:
    """Import a list of declarations, which `setting` gives as `package.module:NAME`; raises TaskTableError."""
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise TaskTableError(f"{setting}: {path!r} is not of the form package.module:{setting.removeprefix('JOBS_')}")
    try:
        found = getattr(import_module(module_name), attribute)
    except ImportError as error:
        raise TaskTableError(f"{setting}: {path}: {error}") from error
    except AttributeError as error:
        raise TaskTableError(f"{setting}: {path}: {module_name} has no {attribute}") from error
    if not isinstance(found, list | tuple) or not all(isinstance(one, kind) for one in found):
        raise TaskTableError(f"{setting}: {path}: must be a list or tuple of {kind.__module__}.{kind.__name__}")
    return tuple(found)
