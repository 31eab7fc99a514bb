"""`backup_database`: the whole database goes into a file, which gets its name only once its contents are known."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jobs.addresses import libpq_variables
from jobs.context import JobContext
from jobs.errors import JobFailedError
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.scheduled.errors import BackupFailedError
from jobs.tasks.scheduled.folder import BackupFolder
from jobs.tasks.scheduled.programs import Programs
from jobs.tasks.scheduled.records import BackupRecords
from jobs.tasks.scheduled.sessions import are_shared

_NAMED = 5
# pg_dump empties its session's search_path: whom a pooler gave that session next would find no tables in it.
_SHARED = (
    "a pooler shares sessions of PostgreSQL, as PgBouncer's pool_mode = transaction does, and pg_dump would spoil"
    " them: give this worker PostgreSQL's own address in DATABASE_URL"
)


async def backup_database(context: JobContext) -> dict[str, Any]:
    """Back up, check, keep the newest; give name, size in bytes, tables, seconds and how many older ones went.

    Raises JobFailedError where no backup can be made as things are set, BackupFailedError with what pg_dump says, or
    where tables are not in what it has written; nothing half-made stays then, and no older backup goes.
    """
    settings = context.site.settings
    if settings.backup_dir is None:
        raise JobFailedError("JOBS_BACKUP_DIR is not set where this worker runs")
    if await are_shared(context.site.database):
        raise JobFailedError(_SHARED)
    folder, records = BackupFolder(settings.backup_dir), BackupRecords(context.site.database)
    programs = Programs(settings.postgres_bin, libpq_variables(settings.database_url.get_secret_value()))
    began_at, began = datetime.now(UTC), time.monotonic()
    tables = await records.tables()
    part = await _on_disk(folder.begin, f"{context.job.id}-{context.job.fence}")
    try:
        context.progress(0, 2, "dumping")
        await programs.dump(part)
        context.progress(1, 2, "checking")
        _check(await programs.contents(part), tables)
        whole = await _on_disk(folder.finish, part, began_at)
    finally:
        part.unlink(missing_ok=True)
    size = whole.stat().st_size
    await records.add(whole.name, size=size, began_at=began_at)
    kept, dropped = await _on_disk(partial(folder.keep, settings.backup_keep, made=whole))
    await records.keep(kept)
    return {
        "name": whole.name,
        "bytes": size,
        "tables": len(tables),
        "seconds": round(time.monotonic() - began, 3),
        "dropped": dropped,
    }


def _check(contents: str, tables: Iterable[tuple[str, str]]) -> None:
    lines = contents.splitlines()
    missing = [
        f"{schema}.{name}"
        for schema, name in sorted(tables)
        if not any(f" TABLE DATA {schema} {name} " in line for line in lines)
    ]
    if missing:
        raise BackupFailedError(f"{len(missing)} tables are not in the backup, such as {', '.join(missing[:_NAMED])}")


async def _on_disk(call: Any, *arguments: Any) -> Any:  # noqa: ANN401  those of the call
    try:
        return await asyncio.to_thread(call, *arguments)
    except OSError as error:
        place = "" if error.filename is None else f": {Path(error.filename).name}"
        raise BackupFailedError(f"the folder JOBS_BACKUP_DIR: {error.strerror}{place}") from error


BACKUP_DATABASE = Task(
    name="backup_database",
    function=backup_database,
    queue="scheduled",
    timeout_s=14_400,
    max_tries=3,
    retry=RetryPolicy(backoff=Backoff(base_s=120, cap_s=600, floor=0.5)),
    typical_s=60,
    system_only=True,
)
