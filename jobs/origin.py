"""Where a job comes from: the request that submitted it, and the trace that this request is part of. No storage.

Whoever takes a request in says so once; what is made of it meanwhile, in this task and those that it starts, comes from
there. A job that is made by another has the origin of that one.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

# As W3C's Trace Context has it, level 2. Of a version that is not known yet what it has in common with this one counts.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_OURS, _NONE = "00", "ff"
_ORIGIN = re.compile(r"[!-~]{1,128}(?: 00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})?")
_KNOWN_FLAGS = 0b11  # sampled, random trace id: what else there may be is to be handed on as zero


def read_traceparent(text: str | None) -> str | None:
    """Give the trace context of a `traceparent` header as it is to be handed on; None where it is none that counts.

    It is not ours to change before we have spans of our own: whoever looks for the parent finds the caller's.
    """
    found = _TRACEPARENT.fullmatch(text or "")
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    if version == _NONE or (version == _OURS and more is not None) or not (trace.strip("0") and parent.strip("0")):
        return None
    return f"{_OURS}-{trace}-{parent}-{int(flags, 16) & _KNOWN_FLAGS:02x}"


@dataclass(frozen=True, slots=True)
class Origin:
    """A request, by its id, and the W3C trace context that came with it, as a `traceparent` header has it."""

    request: str
    traceparent: str | None = None

    @property
    def trace(self) -> str | None:
        """Give the id of the trace: 32 hex digits."""
        return None if self.traceparent is None else self.traceparent.split("-")[1]

    @property
    def fields(self) -> Mapping[str, str]:
        """Give what each line of the log says of it."""
        trace = self.trace
        return {"request": self.request} if trace is None else {"request": self.request, "trace": trace}

    def __str__(self) -> str:
        """Give it as it is kept with a job: the request's id, and behind a space the trace context if there is one."""
        return self.request if self.traceparent is None else f"{self.request} {self.traceparent}"

    @classmethod
    def of(cls, kept: str) -> Self | None:
        """Read what `str` gave; None for anything else: in a payload anybody may write."""
        if _ORIGIN.fullmatch(kept) is None:
            return None
        request, _, traceparent = kept.partition(" ")
        return cls(request, traceparent or None)


def believed(kept: str | None) -> str | None:
    """Give what may be an origin as it is kept, None for anything else."""
    return kept if kept is not None and Origin.of(kept) is not None else None


_kept: ContextVar[str | None] = ContextVar("origin", default=None)


def come_from(kept: str | None) -> None:
    """Let what the current task makes from now on come from there: `str` of an origin, None for nowhere."""
    _kept.set(kept)


def current_origin() -> str | None:
    """Give where the current task has its work from, as it is kept with a job; None where no request has led to it."""
    return believed(_kept.get())
