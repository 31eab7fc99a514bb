"""What PostgreSQL does for a query: a pool that has each query explained while it runs it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from jobs.stores.database import Connection, Database, Row

_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "

Plan = Mapping[str, Any]


@dataclass(slots=True)
class Plans:
    """The plans of the queries so far."""

    all: list[Plan] = field(default_factory=list)

    @property
    def buffers(self) -> int:
        """How many pages were touched, in memory or not."""
        return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in self.all)

    @property
    def indexes(self) -> set[str]:
        """Which indexes were read."""
        return {node["Index Name"] for node in self._nodes() if "Index Name" in node and node["Actual Loops"]}

    @property
    def read_whole(self) -> set[str]:
        """Which tables were read from one end to the other."""
        return {node["Relation Name"] for node in self._nodes() if node["Node Type"] == "Seq Scan"}

    def _nodes(self) -> Iterator[Plan]:
        left = list(self.all)
        while left:
            node = left.pop()
            left += node.get("Plans", [])
            yield node


class ExplainedDatabase(Database):
    """A pool like any other, which keeps the plans of what is fetched."""

    plans: Plans

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """Borrow a connection that has each query explained."""
        async with super().connect() as connection:
            yield _Explained(connection, self.plans)


class _Explained(Connection):
    def __init__(self, connection: Connection, plans: Plans) -> None:
        super().__init__(connection._raw)  # noqa: SLF001  it is one, and does more
        self._plans = plans

    async def fetch(self, query: str, *args: object) -> list[Row]:
        rows = await super().fetch(query, *args)  # the first time, this also reads the catalogue
        (told,) = await super().fetch(_EXPLAIN + query, *args)
        self._plans.all.append(orjson.loads(told[0])[0]["Plan"])
        return rows
