"""A worker process as a test plays it: what it believes, and what it has said."""

from dataclasses import dataclass, field

from tests.support.protocol import Claimant
from tests.support.protocol_words import End, Held


@dataclass(slots=True)
class Ask:
    """A claim, as it was sent, for the case that its reply is lost; `jobs` are those of that reply."""

    request: str
    queue: str
    slots: int
    suspects: int
    ends: list[End]
    jobs: list[Held] = field(default_factory=list)


@dataclass(slots=True)
class Site:
    """A worker process: what it believes to hold, when it last heard so, and what it has said."""

    claimant: Claimant
    held: list[Held] = field(default_factory=list)
    known_at: dict[int, int] = field(default_factory=dict)
    ended: list[End] = field(default_factory=list)
    unheard: dict[int, Ask] = field(default_factory=dict)  # by lane
