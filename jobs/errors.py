"""The errors of this package that a caller can act on. A docstring is the message's meaning, not its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


class SwitchyardError(Exception):
    """The root of all errors that Switchyard raises on purpose."""


class SettingsError(SwitchyardError):
    """Settings are missing or wrong; the text lists every mistake and its mend."""


class TaskTableError(SwitchyardError):
    """The declaration of a task or of a schedule is wrong, so the process cannot start."""


class StoreUnavailableError(SwitchyardError):
    """Redis or PostgreSQL did not answer; the same call may succeed later."""


class UnfitRedisError(SwitchyardError):
    """Redis answers, but must not hold the queue; the text says why and the mend."""


class NotFoundError(SwitchyardError):
    """There is no such thing, or it belongs to somebody else."""


class ConflictError(SwitchyardError):
    """The thing is there, but in a state that does not allow this."""


class IdempotencyMismatchError(SwitchyardError):
    """An idempotency key was used for something else."""


class KeyHeldError(SwitchyardError):
    """PostgreSQL has a job under this idempotency key; nothing was stored."""


class QuotaError(SwitchyardError):
    """The owner has as many unfinished jobs as he may; `free` is how many more he could submit now."""

    def __init__(self, *, free: int, most: int) -> None:
        told = f"of {most:,} unfinished jobs that you may have at once, {free:,} are free; wait until some end"
        super().__init__(told if most else "you may have no jobs; ask an administrator for a quota")
        self.free = free


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One wrong field of an input: a JSON pointer to it and what to do about it."""

    pointer: str
    detail: str


class InvalidInputError(SwitchyardError):
    """The input is wrong; `mistakes` names each field and its mend. Nothing was changed."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{m.pointer}: {m.detail}" for m in mistakes))
        self.mistakes = tuple(mistakes)


class JobFailedError(SwitchyardError):
    """A task gives up for a reason that running it again cannot mend."""


class ChildError(SwitchyardError):
    """A task's child process ended without a word: it crashed, was killed, or ran out of memory.

    Also: what the task raised there cannot leave the process.
    """


class ChildTraceback(Exception):  # noqa: N818  it is no error, but the cause of one
    """What was raised in a child process, as it would have been printed there."""


class UnexpectedExitError(SwitchyardError):
    """A task was left by what is no error: sys.exit(), an interrupt, a cancellation that nobody had asked for.

    Passed on, it would end the worker, or look as if somebody had cancelled the job.
    """

    @classmethod
    def of(cls, left: BaseException) -> Self:
        """Say what it was, with its traceback."""
        try:
            told = repr(left)
        except Exception:  # noqa: BLE001  its own code may raise anything
            told = type(left).__name__
        return cls(told).with_traceback(left.__traceback__)


class JobTimeoutError(SwitchyardError, TimeoutError):
    """A try ran for as long as its job allows and was stopped."""
