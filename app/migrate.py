"""Brings the database's schema up to date: one numbered series of SQL files, each applied once, in order."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from jobs.errors import SwitchyardError
from jobs.stores.database import Connection, Database

FOLDER = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('switchyard.migrate', 0))"
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_APPLIED = "SELECT number, sha256 FROM schema_migrations ORDER BY number"
_NOTE = "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)"

log = structlog.stdlib.get_logger(__name__)


class MigrationError(SwitchyardError):
    """The series of files and the database's past do not fit together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash that tells whether the file was changed after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path) -> tuple[Migration, ...]:
    """Read a series; raises MigrationError unless it counts 1, 2, 3 ... without a gap or a double."""
    migrations = []
    for path in sorted(folder.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is called NNNN_what_it_does.sql")
        migrations.append(Migration(number=int(match[1]), name=path.stem, sql=path.read_text(encoding="utf-8")))
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise MigrationError("the numbers of the migrations have a gap or a double")
    return tuple(migrations)


async def migrate(database: Database, migrations: Sequence[Migration]) -> int:
    """Apply what is missing, all in one transaction; give how many were applied.

    Any number of processes may do this at once: a lock lets one go first, and the others find nothing to do.
    """
    async with database.transaction() as connection:
        await connection.execute(_LOCK)
        await connection.execute(_TABLE)
        missing = migrations[await _applied(connection, migrations) :]
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.fetch_row(_NOTE, migration.number, migration.name, migration.sha256)
            log.info("migration_applied", name=migration.name)
    return len(missing)


async def _applied(connection: Connection, migrations: Sequence[Migration]) -> int:
    """Count those applied; raises MigrationError where they are not the beginning of this series."""
    rows = await connection.fetch(_APPLIED)
    if len(rows) > len(migrations):
        raise MigrationError("the database is newer than this version of Switchyard; deploy the newer one")
    for row, migration in zip(rows, migrations, strict=False):
        if (row["number"], row["sha256"]) != (migration.number, migration.sha256):
            raise MigrationError(f"{migration.name} was changed after it had been applied; write a new migration")
    return len(rows)
