"""schedules, run."""

import click

from app.cli.commands.options import watch_option
from app.cli.output import Columns, moment
from app.cli.session import Session, connected
from app.cli.watching import watch as watch_to_the_end
from app.client.shapes.schedules import Schedule

_SCHEDULES: Columns[Schedule] = {
    "SCHEDULE": lambda one: one["name"],
    "WHEN": lambda one: f"{one['cron']} {one['timezone']}" if one["cron"] else f"each {one['every_s']} s",
    "NEXT": lambda one: moment(one["next_due_at"]),
    "LAST": lambda one: moment(one["last_due_at"]),
    "ITS JOB": lambda one: "" if one["last_job"] is None else one["last_job"]["state"],
    "FIRED": lambda one: one["fired"],
    "MISSED": lambda one: one["missed"],
}


@click.command("schedules")
@connected
async def schedules(session: Session) -> None:
    """List what runs by itself: when it is due, when it was, and what came of it."""
    session.out.rows(await session.client.schedules.list(), _SCHEDULES, nothing="no schedules")


@click.command("run")
@click.argument("schedule")
@watch_option
@connected
async def run(session: Session, *, schedule: str, watch: bool) -> int | None:
    """Run SCHEDULE now, and move none of its times. For administrators."""
    job = await session.client.schedules.run(schedule)
    if watch:
        return await watch_to_the_end(session, [("job", job["id"])])
    if session.out.as_json:
        session.out.lines([job])
    else:
        session.out.say(f"job {job['id']} is {job['state']}")
    return None
