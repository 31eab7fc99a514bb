"""upload, sync, files: files on their way into the facts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from app.cli.commands.options import DOMAINS, GRANULARITIES, PRIORITY, gathered, given, limit_option
from app.cli.output import Columns, Output, brief, compact, plain
from app.cli.session import Session, connected
from app.cli.statuses import Status
from app.cli.watching import watch
from app.client.files import Told
from app.client.shapes.files import File, Sync

_DAY = click.DateTime(["%Y-%m-%d"])
_FILES: Columns[File] = {
    "ID": lambda file: file["id"],
    "STATE": lambda file: file["state"],
    "NAME": lambda file: file["name"],
    "SOURCE": lambda file: "/".join((file["platform"], file["shop_id"], file["domain"], file["granularity"])),
    "UPLOADED": lambda file: brief(file["created_at"]),
    "ERROR": lambda file: file["last_error"] or "",
}


@click.command("upload")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--platform", required=True, help="The sales platform that they are from.")
@click.option("--shop", "shop_id", required=True, help="The shop there.")
@click.option("--domain", required=True, type=DOMAINS, help="What their rows are.")
@click.option("--granularity", required=True, type=GRANULARITIES, help="The span of time that one covers.")
@click.option("--sub-domain", help="A part of the domain.")
@click.option("--from", "date_from", type=_DAY, metavar="DAY", help="The first day that they are about.")
@click.option("--to", "date_to", type=_DAY, metavar="DAY", help="The last day.")
@click.option("--sync", "syncs", is_flag=True, help="Sync them too, and show how it goes.")
@connected
async def upload(
    session: Session,
    *,
    paths: tuple[str, ...],
    syncs: bool,
    date_from: datetime | None,
    date_to: datetime | None,
    **source: Any,  # noqa: ANN401  that of a file
) -> int | None:
    """Upload files of one source. The same bytes are one file, however often they are uploaded."""
    days = {"date_from": date_from and date_from.date(), "date_to": date_to and date_to.date()}
    files = []
    for path in map(Path, paths):
        with _uploading(session.out, path) as told:
            try:
                files.append(await session.client.files.upload(path, told=told, **given(**source, **days)))
            except OSError as error:
                raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None
    if syncs:
        return await _sync_these(session, [file["id"] for file in files], priority=None)
    session.out.rows(files, _FILES, nothing="")
    if not session.out.as_json:
        session.out.note(f"to sync: switchyard sync {' '.join(file['id'] for file in files)}")
    return None


@click.command("files")
@click.option("--platform", help="Only those of this platform.")
@click.option("--shop", "shop_id", help="Only those of this shop.")
@click.option("--domain", type=DOMAINS, help="Only those of this domain.")
@click.option("--granularity", type=GRANULARITIES, help="Only those of this granularity.")
@click.option("--state", help="Only those in this state, such as pending or header_changed.")
@limit_option
@connected
async def files(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """List uploaded files, newest first."""
    found = await gathered(session.client.files.list(most=limit, **given(**wanted)))
    session.out.rows(found, _FILES, nothing="no files")


@click.command("sync")
@click.argument("file_ids", metavar="[FILE_ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All files that are due and have a template.")
@click.option("--due", is_flag=True, help="The oldest files that are due, 100 at most.")
@click.option("--priority", type=PRIORITY, help="1 to 10, 10 is the most urgent.  [default: 5]")
@connected
async def sync(
    session: Session, *, file_ids: tuple[str, ...], everything: bool, due: bool, priority: int | None
) -> int | None:
    """Load uploaded files into the facts. Ctrl-C ends the watching, not the sync.

    The exit status is 0 if all were loaded, else 1.
    """
    if bool(file_ids) + everything + due != 1:
        raise click.UsageError("give the ids of files, or --all, or --due")
    if file_ids:
        return await _sync_these(session, file_ids, priority=priority)
    syncs = session.client.syncs
    begun = await (syncs.all(priority=priority) if everything else syncs.due(priority=priority))
    if begun["remaining"]:
        session.out.note(f"{begun['remaining']} more are due than your quota takes now")
    return await _watch(session, begun["task_id"], is_batch=True)


async def _sync_these(session: Session, file_ids: Sequence[str], *, priority: int | None) -> int:
    if len(file_ids) == 1:
        one = await session.client.syncs.one(file_ids[0], priority=priority)
        return await _watch(session, one["task_id"], is_batch=False)
    many = await session.client.syncs.these(file_ids, priority=priority)
    for file_id in many["missing_file_ids"]:
        session.out.note(f"there is no file {file_id}")
    for file_id in many["busy_file_ids"]:
        session.out.note(f"file {file_id} is being synced already")
    status = await _watch(session, many["task_id"], is_batch=True)
    return status or (Status.FAILED if many["missing_file_ids"] else Status.DONE)


async def _watch(session: Session, task_id: str | None, *, is_batch: bool) -> int:
    if task_id is None:
        session.out.note("there is nothing to sync")
        return Status.DONE
    status = await watch(session, [("batch" if is_batch else "job", task_id)])
    progress = await session.client.syncs.progress(task_id)
    session.out.facts(progress, _facts(progress))
    return status


def _facts(sync: Sync) -> dict[str, object]:
    counts = sync["files"]
    return {
        "sync": sync["task_id"],
        "state": sync["state"],
        "files": f"{counts['succeeded']} of {counts['total']} loaded",
        "rows": ", ".join(f"{count} {word}" for word, count in sync["rows"].items()),
        "quality": None if sync["quality"] is None else compact(sync["quality"]["score"]),
        **{f"error {number}": f"{one['file']}: {one['message']}" for number, one in enumerate(sync["errors"], 1)},
    }


@contextmanager
def _uploading(out: Output, path: Path) -> Iterator[Told | None]:
    """Show on a terminal how much of a file has been sent."""
    if out.as_json or not out.notes.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=out.notes) as progress:
        bar = progress.add_task(plain(path.name), total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
