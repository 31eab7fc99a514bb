"""audit."""

from typing import Any

import click

from app.cli.commands.options import Moment, gathered, given, limit_option
from app.cli.output import Columns, compact, moment
from app.cli.session import Session, connected
from app.client.shapes.audit import AuditEntry

_ENTRIES: Columns[AuditEntry] = {
    "AT": lambda entry: moment(entry["at"]),
    "WHO": lambda entry: entry["actor"],
    "ACTION": lambda entry: entry["action"],
    "OBJECT": lambda entry: f"{entry['object_type']} {entry['object_id']}",
    "OUTCOME": lambda entry: entry["outcome"],
    "DETAILS": lambda entry: compact(entry["details"]) if entry["details"] else "",
}


@click.command("audit")
@click.option("--actor", help="Only what this one did: a user's id.")
@click.option("--action", help="Only this, such as queue.pause.")
@click.option("--object", "object_id", help="Only what was done to this: a job's id, a queue's name.")
@click.option("--after", type=Moment(), help="Done at this time or later.")
@click.option("--before", type=Moment(), help="Done before this time.")
@limit_option
@connected
async def audit(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """Show who did what, newest first. For administrators."""
    found = await gathered(session.client.audit.list(most=limit, **given(**wanted)))
    session.out.rows(found, _ENTRIES, nothing="nothing of the kind was done")
