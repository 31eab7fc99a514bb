"""`check_low_stock`: items whose newest facts are below their safety stock have an alert, while that lasts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.context import JobContext
from jobs.inventory import NEEDED, Column, StockColumns
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.stores.database import Row
from jobs.stores.queries import load_queries

_LISTED_DAYS = 31  # what a source has not listed for so long is sold out or given up: nobody waits for it
_MOST_TOLD = 20
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def check_low_stock(context: JobContext) -> dict[str, Any]:
    """Open alerts, and close those that are over; give how many items were checked, low, opened, closed, unreadable.

    `without_columns` names the published templates whose files nobody can judge, and what they lack. An item without a
    safety stock is not judged. An alert whose item cannot be read any more stays as it is.
    """
    names = context.site.settings.stock_columns
    async with context.site.database.transaction() as connection:
        await connection.fetch_row(_SQL["lock"])
        templates = await connection.fetch(_SQL["templates"])
        told = [row for template in templates if (row := _told(template, names))]
        counts = await connection.fetch_row(_SQL["check"], told, _LISTED_DAYS)
    found = {} if counts is None else dict(counts)
    return {**found, "without_columns": _lacking(templates, names)}


def _told(template: Row, names: StockColumns) -> dict[str, Any] | None:
    """Say which headers of a template's files say what; None where one is missing that is needed."""
    found = names.found_in(template["fields"])
    if not all(column in found for column in NEEDED):
        return None
    return {"id": str(template["id"]), **{column.value: found.get(column) for column in Column}}


def _lacking(templates: Sequence[Row], names: StockColumns) -> list[str]:
    lacking = []
    for template in templates:
        found = names.found_in(template["fields"])
        missing = [column for column in NEEDED if column not in found]
        if missing and template["state"] == "published":
            place = "/".join(filter(None, (template["platform"], template["sub_domain"], template["granularity"])))
            lacking.append(f"{place} version {template['version']}: {', '.join(missing)}")
    return lacking[:_MOST_TOLD]


CHECK_LOW_STOCK = Task(
    name="check_low_stock",
    function=check_low_stock,
    queue="scheduled",
    timeout_s=900,
    max_tries=3,
    retry=RetryPolicy(backoff=Backoff(base_s=30, cap_s=300)),
    typical_s=5,
    system_only=True,
)
