"""What the submitter of a batch asks for, checked: all jobs of it, at a fraction of what each would cost by itself."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NoReturn

from jobs.batch import LONGEST_NAME, MOST_JOBS
from jobs.errors import InvalidInputError, Mistake
from jobs.ids import new_job_ids
from jobs.mistakes import MOST_MISTAKES
from jobs.registry import TaskTable
from jobs.stores.batches import Members
from jobs.stores.jobs import NewJob
from jobs.submission import Asked, Submission, checked, known_task, mistakes_in, new_job

_AT_ONCE = 1_000  # others come in between
_WRONG = 0
_terms_of = attrgetter(
    *("task", "queue", "priority", "delay_s", "run_at", "timeout_s", "max_tries", "expires_in_s", "tags")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSubmission:
    """What a submitter asks for: jobs, and one that is to follow when all have ended."""

    owner: str
    jobs: Sequence[Asked]
    name: str | None = None
    on_complete: Submission | None = None


async def checked_members(batch: BatchSubmission, tasks: TaskTable) -> Members:
    """Give the jobs that are to be accepted, under new ids. Raises InvalidInputError, which names up to a hundred."""
    amount = len(batch.jobs)
    if not 1 <= amount <= MOST_JOBS:
        raise InvalidInputError([Mistake(pointer="/jobs", detail=f"must be 1 to {MOST_JOBS:,}; there are {amount:,}")])
    if batch.name is not None and (not 1 <= len(batch.name) <= LONGEST_NAME or "\x00" in batch.name):
        detail = f"must be of 1 to {LONGEST_NAME} characters, without NUL"
        raise InvalidInputError([Mistake(pointer="/name", detail=detail)])
    members = _Checked(batch, tasks)
    for first in range(0, amount, _AT_ONCE):
        members.check(range(first, min(first + _AT_ONCE, amount)))
        await asyncio.sleep(0)
    return members.given()


def checked_follower(asked: Submission, tasks: TaskTable, *, batch_id: str) -> NewJob:
    """Give the job that follows a batch; where its task takes an argument `batch_id`, it gets that.

    Raises InvalidInputError.
    """
    task = tasks.get(asked.task)
    if task is not None and task.arguments.takes("batch_id"):
        asked = replace(asked, args={"batch_id": batch_id, **asked.args})
    if asked.unique_key is not None:
        detail = "is of no use here: a batch is followed by one such job; leave it out"
        raise InvalidInputError([Mistake(pointer="/on_complete/unique_key", detail=detail)])
    try:
        return checked(asked, tasks)
    except InvalidInputError as error:
        raise InvalidInputError([_under("/on_complete", one) for one in error.mistakes]) from None


class _Checked:
    """The members as far as they have been checked, and what was found to be wrong."""

    def __init__(self, batch: BatchSubmission, tasks: TaskTable) -> None:
        self._batch = batch
        self._tasks = tasks
        self._mistakes: list[Mistake] = []
        self._terms: list[NewJob] = []
        self._known: dict[object, tuple[int, Sequence[Mistake]]] = {}
        self._named: dict[tuple[str, str], int] = {}
        self._places: list[int] = []
        self._args: list[str] = []

    def check(self, part: Sequence[int]) -> None:
        """Check the jobs at these places."""
        jobs = self._batch.jobs
        by_task: defaultdict[str, list[int]] = defaultdict(list)
        for place in part:
            asked = jobs[place]
            term = self._term_of(asked, place)
            self._places.append(term)
            if asked.unique_key is not None:
                self._check_name(asked, place)
            by_task[asked.task].append(place)
        args = dict.fromkeys(part, "")
        for name, places in by_task.items():
            if name in self._tasks:
                args.update(self._checked_args(name, places))
        self._args += args.values()
        if len(self._mistakes) >= MOST_MISTAKES:
            self._refuse()

    def given(self) -> Members:
        """Give them all, unless something was wrong. Raises InvalidInputError."""
        if self._mistakes:
            self._refuse()
        return Members(
            terms=self._terms,
            ids=new_job_ids(len(self._places)),
            places=self._places,
            args=self._args,
            unique_keys=[asked.unique_key for asked in self._batch.jobs],
        )

    def _term_of(self, asked: Asked, place: int) -> int:
        """Give the number of the terms that a job has with others, from 1; 0 where they are wrong."""
        key = _terms_of(asked)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._new_term(asked)
        number, mistakes = known
        if mistakes:
            self._mistakes += [_under(f"/jobs/{place}", one) for one in mistakes]
        return number

    def _new_term(self, asked: Asked) -> tuple[int, Sequence[Mistake]]:
        try:
            task = known_task(asked.task, self._tasks, owner=self._batch.owner)
        except InvalidInputError as error:
            return _WRONG, error.mistakes
        if mistakes := [one for one in mistakes_in(asked, task) if one.pointer != "/unique_key"]:
            return _WRONG, mistakes
        self._terms.append(replace(new_job(asked, task, owner=self._batch.owner, args={}), unique_key=None))
        return len(self._terms), ()

    def _check_name(self, asked: Asked, place: int) -> None:
        task = self._tasks.get(asked.task)
        if task is None or asked.unique_key is None:
            return
        mistakes = [one for one in mistakes_in(asked, task) if one.pointer == "/unique_key"]
        first = self._named.setdefault((asked.task, asked.unique_key), place)
        if first != place:
            mistakes = [Mistake(pointer="/unique_key", detail=f"is that of /jobs/{first} too; one of them may have it")]
        self._mistakes += [_under(f"/jobs/{place}", one) for one in mistakes]

    def _checked_args(self, name: str, places: Sequence[int]) -> Mapping[int, str]:
        jobs = self._batch.jobs
        try:
            args = self._tasks[name].arguments.check_all([jobs[place].args for place in places])
        except InvalidInputError as error:
            for one in error.mistakes:
                _, at, rest = one.pointer.split("/", 2)
                self._mistakes.append(replace(one, pointer=f"/jobs/{places[int(at)]}/{rest}"))
            return {}
        return {place: encoded.decode() for place, encoded in zip(places, args, strict=True)}

    def _refuse(self) -> NoReturn:
        self._mistakes.sort(key=lambda one: int(one.pointer.split("/", 3)[2]))  # in the order of the jobs
        raise InvalidInputError(self._mistakes[:MOST_MISTAKES])


def _under(root: str, mistake: Mistake) -> Mistake:
    return replace(mistake, pointer=root + mistake.pointer)
