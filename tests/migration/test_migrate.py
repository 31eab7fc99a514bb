"""The schema: from nothing to now, once, by however many processes."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.migrate import FOLDER, MigrationError, load_migrations, migrate
from jobs.stores.database import Database

SNAPSHOT = Path(__file__).with_name("schema.txt")

COLUMNS = """
SELECT format(
    '%s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
    coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
) AS line
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
SELECT format('%s: %s', conrelid::regclass, pg_get_constraintdef(oid)) AS line
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conparentid = 0
"""
INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) AS line
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
WHERE NOT i.indisprimary
"""
TRIGGERS = """
SELECT pg_get_triggerdef(oid) AS line FROM pg_trigger WHERE NOT tgisinternal
"""


@pytest.fixture
async def empty(empty_database_url: str) -> Database:
    """Give a pool on a database without tables."""
    return await Database.open(empty_database_url, size=4, patience_s=10, answer_s=30)


async def test_the_series_makes_the_schema_of_the_snapshot(empty: Database) -> None:
    """A migration that changes the schema changes schema.txt with it, where a reviewer sees the effect."""
    await migrate(empty, load_migrations(FOLDER))
    lines = [row["line"] for query in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS) for row in await empty.fetch(query)]
    await empty.close()
    assert sorted(lines) == SNAPSHOT.read_text(encoding="utf-8").splitlines()


async def test_each_migration_is_applied_once_however_many_start_at_once(empty: Database) -> None:
    """The lock lets one process do it; the others find it done."""
    series = load_migrations(FOLDER)
    applied = await asyncio.gather(*(migrate(empty, series) for _ in range(4)))
    assert sorted(applied) == [0, 0, 0, len(series)]
    assert len(await empty.fetch("SELECT number FROM schema_migrations")) == len(series)
    await empty.close()


async def test_tags_of_before_tell_the_owner_after(empty: Database) -> None:
    """0024 writes the index of tags anew from the jobs, each tag of a job once."""
    series = load_migrations(FOLDER)
    await migrate(empty, series[:23])
    await empty.execute(
        "INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s)"
        " SELECT id, 't', 'q', owner, 'queued', 5, '{}', tags::text[], 1, 1"
        " FROM (VALUES ('a', 'ann', '{x,y,x}'), ('b', 'bob', '{}')) AS made (id, owner, tags)"
    )
    await migrate(empty, series)
    rows = await empty.fetch("SELECT tag, id, owner FROM job_tags ORDER BY tag")
    await empty.close()
    assert [tuple(row) for row in rows] == [("x", "a", "ann"), ("y", "a", "ann")]


async def test_a_time_that_no_list_can_be_read_with_becomes_now(empty: Database) -> None:
    """0026: such a job was due at once; the others keep their times."""
    series = load_migrations(FOLDER)
    await migrate(empty, series[:25])
    await empty.execute(
        "INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, run_at)"
        " SELECT id, 't', 'q', 'ann', 'accepted', 5, '{}', '{}', 1, 1, due"
        " FROM (VALUES ('a', timestamptz '0001-12-31 10:00Z BC'), ('b', '2027-01-31 08:00Z'), ('c', NULL))"
        " AS made (id, due)"
    )
    await migrate(empty, series)
    rows = await empty.fetch("SELECT id, run_at, run_at = accepted_at AS is_now FROM jobs ORDER BY id")
    await empty.close()
    assert [row["is_now"] for row in rows] == [True, False, None]
    assert rows[1]["run_at"] == datetime(2027, 1, 31, 8, tzinfo=UTC)


async def test_a_migration_that_fails_leaves_nothing(empty: Database, tmp_path: Path) -> None:
    """Not even those before it in the same step."""
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE good (id integer);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABLE bad (id no_such_type);")
    with pytest.raises(Exception, match="no_such_type"):
        await migrate(empty, load_migrations(tmp_path))
    row = await empty.fetch_row("SELECT to_regclass('good') AS good, to_regclass('schema_migrations') AS series")
    await empty.close()
    assert row is not None
    assert (row["good"], row["series"]) == (None, None)


async def test_a_changed_past_and_a_newer_database_are_refused(empty: Database, tmp_path: Path) -> None:
    """The message says which, and what to do."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id integer);")
    await migrate(empty, load_migrations(tmp_path))
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id bigint);")
    with pytest.raises(MigrationError, match="0001_first was changed"):
        await migrate(empty, load_migrations(tmp_path))
    with pytest.raises(MigrationError, match="newer"):
        await migrate(empty, ())
    await empty.close()


@pytest.mark.parametrize(
    "names", [["0002_a.sql"], ["0001_a.sql", "0003_b.sql"], ["0001_a.sql", "0001_b.sql"], ["a.sql"]]
)
def test_a_series_with_a_gap_is_refused(tmp_path: Path, names: list[str]) -> None:
    """So two branches cannot both have taken a number."""
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError):
        load_migrations(tmp_path)
