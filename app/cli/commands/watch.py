"""watch: following to the end."""

import click

from app.cli.session import Session, connected
from app.cli.things import find_thing
from app.cli.watching import watch as watch_to_the_end


@click.command("watch")
@click.argument("thing_ids", metavar="ID...", nargs=-1, required=True)
@connected
async def watch(session: Session, *, thing_ids: tuple[str, ...]) -> int:
    """Follow jobs and batches to their ends, by bars on a terminal. Ctrl-C ends the watching, not the jobs.

    The exit status is 0 if all have succeeded, else 1.
    """
    found = [await find_thing(session.client, thing_id) for thing_id in thing_ids]
    return await watch_to_the_end(session, [(kind, thing["id"]) for kind, thing in found])
