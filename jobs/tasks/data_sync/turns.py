"""Turns: how many files PostgreSQL takes in at once, whichever workers ask for it.

A load keeps a processor of PostgreSQL busy and fills its log, and whoever commits meanwhile, as each submission does,
waits behind both.
"""

from pathlib import Path

from jobs.stores.database import Connection
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


async def take_turn(connection: Connection, *, most: int) -> None:
    """Wait until fewer than `most` transactions of all workers have a turn; this one has it until it ends."""
    await connection.execute(_SQL["take"], most)
