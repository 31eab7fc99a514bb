"""What kinds of values are cached, and where one of them is. It keeps none."""

from dataclasses import dataclass
from typing import NamedTuple

from jobs import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A kind of cached values: what is counted together, and cleared together by its name.

    `depends_on` are tags: a write under one of them drops all values of the scope. Its name is a tag too.
    """

    name: str
    depends_on: tuple[str, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        """All that drops its values."""
        return (self.name, *self.depends_on)


class Place(NamedTuple):
    """Where a value is in Redis, where it stands who makes it, and what drops it."""

    value: str
    flight: str
    tags: tuple[str, ...]


def place_of(scope: Scope, digest: str) -> Place:
    """Give the place of a value; `digest` tells the values of a scope apart."""
    return Place(keys.cache_value(scope.name, digest), keys.cache_flight(scope.name, digest), scope.tags)
