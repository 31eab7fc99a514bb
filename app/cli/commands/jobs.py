"""submit, list, show, cancel, retry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from app.cli.commands.options import PRIORITY, Moment, Seconds, gathered, given, limit_option, watch_option
from app.cli.output import Columns, brief
from app.cli.pairs import read_object, read_pairs
from app.cli.session import Session, connected
from app.cli.showing import show_thing
from app.cli.things import find_thing
from app.cli.watching import watch as watch_to_the_end
from app.client.shapes.jobs import ENDS, Job

_STATES = ("accepted", "scheduled", "queued", "running", "retrying", *sorted(ENDS))

_JOBS: Columns[Job] = {
    "ID": lambda job: job["id"],
    "STATE": lambda job: job["state"],
    "TASK": lambda job: job["task"],
    "ACCEPTED": lambda job: brief(job["accepted_at"]),
    "TRIES": lambda job: f"{job['tries']}/{job['max_tries']}",
    "ERROR": lambda job: "" if job["error"] is None else job["error"]["type"],
}


@click.command("submit")
@click.argument("task")
@click.argument("pairs", nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]...")
@click.option("--args", "args_json", metavar="JSON", help="The arguments as one JSON object, instead of pairs.")
@click.option("--priority", type=PRIORITY, help="1 to 10, 10 is the most urgent.  [default: 5]")
@click.option("--queue", help="Another queue than the task's own, of those that it lists.")
@click.option("--delay", "delay_s", type=Seconds(min=0), help="Seconds until it may start.")
@click.option("--run-at", type=Moment(), help="When it may start, such as 2027-01-31T08:00.")
@click.option("--timeout", "timeout_s", type=Seconds(min=0, min_open=True), help="Seconds that one try may take.")
@click.option("--max-tries", type=int, help="How often it is tried before it counts as failed.")
@click.option("--unique-key", help="You have one unfinished job of a task and key at most.")
@click.option(
    "--expires-in",
    "expires_in_s",
    type=Seconds(min=0, min_open=True),
    help="Seconds after which it ends if it has not started.",
)
@click.option("--tag", "tags", multiple=True, help="A word to find it by; may be given several times.")
@click.option("--idempotency-key", help="The same submission may be sent again under it: it stays one job.")
@watch_option
@connected
async def submit(
    session: Session,
    *,
    task: str,
    pairs: tuple[str, ...],
    args_json: str | None,
    idempotency_key: str | None,
    watch: bool,
    **options: Any,  # noqa: ANN401  those of a job
) -> int | None:
    """Submit a job of TASK with these arguments, such as `name=Ada times:=3`.

    `name=text` is a text, `name:=json` anything else. `switchyard tasks` lists what there is.
    """
    if pairs and args_json is not None:
        raise click.UsageError("give the arguments as pairs or by --args, not both")
    args = read_pairs(pairs) if args_json is None else read_object(args_json, of="--args")
    job = await session.client.jobs.submit(task, args, idempotency_key=idempotency_key, **given(**options))
    if watch:
        return await watch_to_the_end(session, [("job", job["id"])])
    if session.out.as_json:
        session.out.lines([job])
    else:
        session.out.say(f"job {job['id']} is {job['state']}")
        session.out.note(f"to follow it: switchyard watch {job['id']}")
    return None


@click.command("list")
@click.option("--state", multiple=True, type=click.Choice(_STATES), help="One, or several, each by an option.")
@click.option("--task", help="Only those of this task.")
@click.option("--queue", help="Only those of this queue.")
@click.option("--owner", help="Whose, by a user's id; for administrators.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--batch", help="Only those of this batch.")
@click.option("--after", "accepted_after", type=Moment(), help="Accepted at this time or later.")
@click.option("--before", "accepted_before", type=Moment(), help="Accepted before this time.")
@limit_option
@connected
async def list_jobs(session: Session, *, limit: int, **wanted: str | datetime | tuple[str, ...] | None) -> None:
    """List jobs, newest first."""
    jobs = await gathered(session.client.jobs.list(most=limit, **given(**wanted)))
    session.out.rows(jobs, _JOBS, nothing="no jobs")


@click.command("show")
@click.argument("thing_id", metavar="ID")
@connected
async def show(session: Session, *, thing_id: str) -> None:
    """Show a job, with its tries and the traceback of the last, or a batch."""
    show_thing(session.out, await find_thing(session.client, thing_id))


@click.command("cancel")
@click.argument("thing_ids", metavar="ID...", nargs=-1, required=True)
@connected
async def cancel(session: Session, *, thing_ids: tuple[str, ...]) -> None:
    """Cancel jobs, or batches with all their jobs that have not ended."""
    for thing_id in thing_ids:
        kind, _ = await find_thing(session.client, thing_id)
        cancelled: Mapping[str, Any] = await (
            session.client.batches.cancel(thing_id) if kind == "batch" else session.client.jobs.cancel(thing_id)
        )
        if session.out.as_json:
            session.out.lines([cancelled])
        elif kind == "batch":
            session.out.say(f"batch {thing_id}: whatever has not ended is cancelled")
        else:
            session.out.say(f"job {thing_id}: {cancelled['outcome'].replace('_', ' ')}")


@click.command("retry")
@click.argument("thing_ids", metavar="[ID]...", nargs=-1)
@click.option("--cause", metavar="FINGERPRINT", help="All that failed of this cause: see `switchyard failures`.")
@watch_option
@connected
async def retry(session: Session, *, thing_ids: tuple[str, ...], cause: str | None, watch: bool) -> int | None:
    """Run jobs that failed, were cancelled or have expired once more, or those of batches, or all of one cause."""
    if bool(thing_ids) == (cause is not None):
        raise click.UsageError("give the ids of jobs or batches, or --cause")
    if cause is not None:
        if watch:
            raise click.UsageError("--watch is for ids")
        retried = await session.client.failures.retry(cause)
        session.out.facts(retried, {"retried": retried["retried"], "skipped": retried["skipped"]})
        return None
    things = [await find_thing(session.client, thing_id) for thing_id in thing_ids]
    for kind, thing in things:
        again = session.client.batches.retry if kind == "batch" else session.client.jobs.retry
        retried_thing: Mapping[str, Any] = await again(thing["id"])
        if session.out.as_json and not watch:
            session.out.lines([retried_thing])
        elif not watch:
            session.out.say(f"{kind} {thing['id']} is {retried_thing['state']}")
    return await watch_to_the_end(session, [(kind, thing["id"]) for kind, thing in things]) if watch else None
