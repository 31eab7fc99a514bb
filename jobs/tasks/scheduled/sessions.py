"""Whose a session of PostgreSQL is: ours alone, or also that of others, by a pooler in between. No way around it."""

from jobs.stores.database import Connection, Database

_LOOKS = 20

_WHOSE = "SELECT pg_backend_pid() AS pid"


async def are_shared(database: Database) -> bool:
    """Tell whether a session goes to somebody else while who has it is between two transactions.

    It does behind PgBouncer with `pool_mode = transaction`. True is certain; False is not where the pooler is so busy
    that others took the session at each of many looks.
    """
    for _ in range(_LOOKS):
        async with database.connect() as idle:
            left = await _pid(idle)
            async with database.transaction() as busy:
                if await _pid(busy) == left:
                    return True
    return False


async def _pid(connection: Connection) -> object:
    row = await connection.fetch_row(_WHOSE)
    return row and row["pid"]
