"""How many jobs somebody may have, as words and records: tiers, their numbers, and one's own. It stores nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

LARGEST = 1_000_000_000

_TIER = re.compile(r"(\w+)=(\d{1,10})/(\d{1,10})")
_NOTATION = "write tiers as name=MAX_RUNNING/MAX_WAITING, with commas between"


class Tier(StrEnum):
    """What an owner's numbers go by, unless he has some of his own."""

    ADMIN = "admin"
    PREMIUM = "premium"
    NORMAL = "normal"
    ANONYMOUS = "anonymous"


DEFAULT_TIER = Tier.NORMAL  # of owners of whom nothing is written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many jobs may run at once, and so many be unfinished, those that run among them. 0: none."""

    max_running: int
    max_waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """An owner's own numbers; None is his tier's."""

    max_running: int | None = None
    max_waiting: int | None = None


NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What is written down of an owner."""

    owner: str
    tier: Tier
    overrides: Overrides = NO_OVERRIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an owner has: unfinished jobs, with the places that are kept for those on their way in; and running ones."""

    unfinished: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an owner may have, and what he has of it."""

    grant: Grant
    quota: Quota
    usage: Usage

    @property
    def free(self) -> int:
        """How many jobs he could submit now."""
        return max(self.quota.max_waiting - self.usage.unfinished, 0)


_DEFAULTS: Mapping[Tier, Quota] = {
    Tier.ADMIN: Quota(max_running=50, max_waiting=100_000),
    Tier.PREMIUM: Quota(max_running=20, max_waiting=20_000),
    Tier.NORMAL: Quota(max_running=10, max_waiting=2_000),
    Tier.ANONYMOUS: Quota(max_running=0, max_waiting=0),
}


@dataclass(frozen=True, slots=True)
class Tiers:
    """The numbers of all tiers; as a text `admin=50/100000,premium=20/20000,...`."""

    numbers: Mapping[Tier, Quota] = field(default_factory=lambda: _DEFAULTS)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text; a tier that it does not name has its default. Raises ValueError, which says the mend."""
        numbers = dict(_DEFAULTS)
        for part in filter(None, (part.strip() for part in text.split(","))):
            found = _TIER.fullmatch(part)
            if found is None:
                raise ValueError(f"{part!r} is no tier with its numbers; {_NOTATION}")
            name, running, waiting = found.groups()
            if name not in set(Tier):
                raise ValueError(f"there is no tier {name!r}; there are: {', '.join(Tier)}")
            if max(int(running), int(waiting)) > LARGEST:
                raise ValueError(f"{part!r}: a number is over {LARGEST:,}")
            numbers[Tier(name)] = Quota(max_running=int(running), max_waiting=int(waiting))
        return cls(numbers)

    def __str__(self) -> str:
        """Give the text."""
        return ",".join(f"{tier}={one.max_running}/{one.max_waiting}" for tier, one in self.numbers.items())

    @property
    def default(self) -> Quota:
        """What an owner may have of whom nothing is written down."""
        return self.numbers[DEFAULT_TIER]

    def of(self, grant: Grant) -> Quota:
        """Give what an owner may have: his own numbers, where he has some, else those of his tier."""
        tier, own = self.numbers[grant.tier], grant.overrides
        return Quota(
            max_running=tier.max_running if own.max_running is None else own.max_running,
            max_waiting=tier.max_waiting if own.max_waiting is None else own.max_waiting,
        )
