"""Every key of the queue at one moment, read in one step, with the events that the scripts have written."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from redis import Redis

from jobs import keys
from jobs.model import SYSTEM_OWNERS
from jobs.scoring import Band, band_of

CLOCK = "test:clock"

# Everything; of the events those from `ARGV[1]` on.
SEE = f"""
local found = {{}}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, content = redis.call('TYPE', key).ok, ''
  if kind == 'string' then content = redis.call('GET', key)
  elseif kind == 'hash' then content = redis.call('HGETALL', key)
  elseif kind == 'zset' then content = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'set' then content = redis.call('SMEMBERS', key)
  elseif kind == 'list' then content = redis.call('LRANGE', key, 0, -1)
  end
  if key ~= '{CLOCK}' then found[#found + 1] = {{key, kind, redis.call('PTTL', key), content}} end
end
return {{found, redis.call('XRANGE', '{keys.EVENTS}', ARGV[1], '+')}}
"""


class Key(NamedTuple):
    """A key: its type, the ms that it has left (-1: it stays), and what is in it."""

    kind: str
    left: int
    content: Any


class Place(NamedTuple):
    """An entry of a queue."""

    queue: str
    score: float

    @property
    def band(self) -> Band:
        """The band that it is in."""
        return band_of(self.score)


@dataclass(frozen=True)
class View:
    """All keys at `now`, and the events that were written since the look before."""

    now: int
    keys: Mapping[str, Key]
    events: Sequence[dict[str, str]]

    @cached_property
    def _families(self) -> dict[str, dict[str, Any]]:
        """What is in the keys, by the two words that their names begin with and by the rest."""
        found: dict[str, dict[str, Any]] = {}
        for name, key in self.keys.items():
            first, _, rest = name.partition(":")
            second, colon, last = rest.partition(":")
            found.setdefault(f"{first}:{second}{colon}", {})[last] = key
        return found

    def under(self, prefix: str, kind: str) -> dict[str, Any]:
        """Give what is in the keys of this prefix and type, by the rest of their names."""
        return {rest: key.content for rest, key in self._families.get(prefix, {}).items() if key.kind == kind}

    def content(self, name: str, empty: Any) -> Any:  # noqa: ANN401  whatever is in it
        """Give what is in a key."""
        key = self.keys.get(name)
        return empty if key is None else key.content

    @property
    def contents(self) -> dict[str, Any]:
        """What is in every key, however long it has left."""
        return {name: key.content for name, key in self.keys.items()}

    @cached_property
    def jobs(self) -> dict[str, dict[str, str]]:
        """The hashes, by id."""
        return self.under(keys.JOB, "hash")

    @cached_property
    def queues(self) -> dict[str, dict[str, float]]:
        """The entries of each queue."""
        return self.under(keys.QUEUE, "zset")

    @cached_property
    def places(self) -> dict[str, list[Place]]:
        """Where each id has entries."""
        found: dict[str, list[Place]] = {}
        for queue, entries in self.queues.items():
            for job_id, score in entries.items():
                found.setdefault(job_id, []).append(Place(queue, score))
        return found

    @cached_property
    def payloads(self) -> dict[str, str]:
        """The payloads, by id."""
        return self.under(keys.PAYLOAD, "string")

    @cached_property
    def holders(self) -> dict[str, str]:
        """What `arq:in-progress` says, by id."""
        return self.under(keys.IN_PROGRESS, "string")

    @cached_property
    def marks(self) -> dict[str, str]:
        """The end marks, by id."""
        return self.under(keys.DONE, "string")

    @cached_property
    def results(self) -> dict[str, str]:
        """The results, by id."""
        return self.under(keys.RESULT, "string")

    @cached_property
    def running(self) -> dict[str, dict[str, float]]:
        """The ends of the leases, by owner and id."""
        return self.under(keys.RUNNING, "zset")

    @cached_property
    def lines(self) -> dict[str, dict[str, float]]:
        """The priorities of what each owner has in line, by `queue:owner` and id."""
        return self.under(keys.OWNER, "zset")

    @cached_property
    def parked(self) -> dict[str, dict[str, float]]:
        """The ready scores of the parked, by `queue:owner` and id."""
        return self.under(keys.PARKED, "zset")

    @cached_property
    def parked_queues(self) -> dict[str, set[str]]:
        """The queues in which each owner has parked jobs."""
        return self.under(keys.PARKED_QUEUES, "set")

    @cached_property
    def parked_owners(self) -> set[str]:
        """The owners with parked jobs."""
        return set(self.content(keys.PARKED_OWNERS, set()))

    @cached_property
    def unfinished(self) -> dict[str, dict[str, float]]:
        """What each owner has that has not ended, since when."""
        return self.under(keys.UNFINISHED, "zset")

    @cached_property
    def reserved(self) -> dict[str, dict[str, float]]:
        """Until when places are kept, by owner and id."""
        return self.under(keys.RESERVE, "zset")

    @cached_property
    def names(self) -> dict[str, str]:
        """The unique names, and who has them."""
        return self.under(keys.UNIQUE, "string")

    @cached_property
    def paused(self) -> set[str]:
        """The queues that rest."""
        return set(self.content(keys.PAUSED, {}))

    @cached_property
    def counters(self) -> dict[str, int]:
        """What the scripts have counted."""
        return {name: int(value) for name, value in self.content(keys.COUNTERS, {}).items()}

    def limit_of(self, owner: str) -> float:
        """Give how many jobs of an owner may run at once."""
        limits = self.content(keys.LIMITS, {})
        found = limits.get(owner)
        if found is None and owner not in SYSTEM_OWNERS:
            found = limits.get("*")
        return math.inf if found is None else float(found)

    def most_of(self, owner: str) -> int:
        """Give how many unfinished jobs an owner may have."""
        places = self.content(keys.PLACES, {})
        return int(places.get(owner, places["*"]))

    def running_count(self, owner: str) -> int:
        """Count the jobs of an owner that run under a lease; while none counts as lost, whatever it is."""
        return sum(end > self.now or keys.GRACE in self.keys for end in self.running.get(owner, {}).values())

    def has_ended(self, job_id: str, run: int) -> bool:
        """Say whether there is proof that a run has ended."""
        mark = self.marks.get(job_id)
        if mark is not None:
            return int(mark.split(":")[0]) >= run
        return run == 1 and job_id in self.results

    def is_foreign(self, job_id: str) -> bool:
        """Say whether a stock worker holds a job."""
        return job_id in self.holders and not self.holders[job_id].startswith("s:")


class Eyes:
    """Sees all keys, and the events since the last look."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._look: Any = redis.register_script(SEE)
        self._from = "-"

    def look(self, now: int) -> View:
        """Look, at `now` of the test's clock."""
        found, entries = self._look(args=[self._from])
        if entries:
            self._from = f"({entries[-1][0]}"
        events = [event for _, (_, told) in entries for event in orjson.loads(told)]
        return View(now, {name: Key(kind, left, _read(kind, content)) for name, kind, left, content in found}, events)


def _read(kind: str, content: Any) -> Any:  # noqa: ANN401  the same
    if kind == "hash":
        return dict(zip(content[::2], content[1::2], strict=True))
    if kind == "zset":
        return {name: float(score) for name, score in zip(content[::2], content[1::2], strict=True)}
    return set(content) if kind == "set" else content
