"""batch, batches: many jobs at once."""

from typing import Any, TextIO, cast

import click

from app.cli.board import counted
from app.cli.commands.options import PRIORITY, gathered, given, limit_option, watch_option
from app.cli.output import Columns, brief
from app.cli.pairs import read_object, read_text
from app.cli.session import Session, connected
from app.cli.watching import watch as watch_to_the_end
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import NewJob

_MOST = 10_000
_BATCHES: Columns[Batch] = {
    "ID": lambda batch: batch["id"],
    "STATE": lambda batch: batch["state"],
    "NAME": lambda batch: batch["name"] or "",
    "TOTAL": lambda batch: batch["total"],
    "JOBS": counted,
    "SINCE": lambda batch: brief(batch["created_at"]),
}


@click.command("batch")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--task", help="The task of all of them; then a line is the arguments of a job, a JSON object.")
@click.option("--argument", metavar="NAME", help="With --task: a line is a text, the argument of this name.")
@click.option("--name", help="A name for the batch.")
@click.option("--priority", type=PRIORITY, help="That of all of them.")
@click.option("--queue", help="The queue of all of them.")
@click.option("--idempotency-key", help="The same batch may be sent again under it: it stays one.")
@watch_option
@connected
async def batch(  # noqa: PLR0913  the options of a batch
    session: Session,
    *,
    file: TextIO,
    task: str | None,
    argument: str | None,
    name: str | None,
    idempotency_key: str | None,
    watch: bool,
    **options: Any,  # noqa: ANN401  those of all its jobs
) -> int | None:
    """Submit the jobs of FILE, one a line, - for the standard input: all of them or, where one is wrong, none.

    A line is a job as JSON, {"task": "shop.greet", "args": {"name": "Ada"}}; with --task its arguments, {"name":
    "Ada"}; with --task and --argument a text. Empty lines are left out.
    """
    if argument is not None and task is None:
        raise click.UsageError("--argument needs --task")
    lines = enumerate(read_text(file).split("\n"), 1)
    jobs = [_job(line, number, task, argument, given(**options)) for number, line in lines if line.strip()]
    if not 0 < len(jobs) <= _MOST:
        raise click.UsageError(f"{file.name} has {len(jobs):,} jobs; a batch has 1 to {_MOST:,}: split it")
    made = await session.client.batches.submit(jobs, name=name, idempotency_key=idempotency_key)
    if watch:
        return await watch_to_the_end(session, [("batch", made["id"])])
    if session.out.as_json:
        session.out.lines([made])
    else:
        session.out.say(f"batch {made['id']} has {made['total']} jobs")
        session.out.note(f"to follow it: switchyard watch {made['id']}")
    return None


@click.command("batches")
@limit_option
@connected
async def batches(session: Session, *, limit: int) -> None:
    """List your batches, an administrator's are everybody's, newest first.

    `switchyard show`, `cancel`, `retry` and `watch` take a batch's id as they take a job's; `switchyard list --batch`
    has its jobs.
    """
    found = await gathered(session.client.batches.list(most=limit))
    session.out.rows(found, _BATCHES, nothing="no batches")


def _job(line: str, number: int, task: str | None, argument: str | None, options: dict[str, Any]) -> NewJob:
    if task is not None and argument is not None:
        return cast("NewJob", {"task": task, "args": {argument: line.rstrip("\r\n")}, **options})
    found = read_object(line.strip(), of=f"line {number}")
    if task is not None:
        return cast("NewJob", {"task": task, "args": found, **options})
    return cast("NewJob", {**options, **found})
