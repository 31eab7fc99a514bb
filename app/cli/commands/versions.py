"""versions: list, add, change."""

from typing import Any

import click

from app.cli.commands.options import Listing, gathered, given, limit_option
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.shops import ComponentVersion, VersionStatus

_STATUSES = click.Choice(["active", "deprecated"])
_VERSIONS: Columns[ComponentVersion] = {
    "ID": lambda version: version["id"],
    "COMPONENT": lambda version: version["component"],
    "VERSION": lambda version: version["version"],
    "STATUS": lambda version: version["status"],
    "CHANGED": lambda version: brief(version["changed_at"]),
    "NOTES": lambda version: version["notes"],
}


@click.command("list", short_help="List versions, newest first.")
@click.option("--component", help="Only those of this component.")
@click.option("--status", type=_STATUSES, help="Only those that may, or may no longer, be used.")
@limit_option
@connected
async def list_versions(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """List component versions, newest first. Of several active ones of a component the first of them counts."""
    found = await gathered(session.client.component_versions.list(most=limit, **given(**wanted)))
    session.out.rows(found, _VERSIONS, nothing="no versions")


@click.command("add", short_help="Enter a version.")
@click.argument("component")
@click.argument("version")
@click.option("--status", type=_STATUSES, default="active", show_default=True)
@click.option("--notes", default="", help="What people should know of it.")
@connected
async def add_version(session: Session, *, component: str, version: str, status: VersionStatus, notes: str) -> None:
    """Enter a version of COMPONENT. For administrators."""
    made = await session.client.component_versions.add(component, version, status=status, notes=notes)
    session.out.rows([made], _VERSIONS, nothing="")


@click.command("change", short_help="Change a version's status or notes.")
@click.argument("version_id", metavar="ID")
@click.option("--status", type=_STATUSES)
@click.option("--notes", help="What people should know of it.")
@connected
async def change_version(session: Session, *, version_id: str, **changes: Any) -> None:  # noqa: ANN401  a change
    """Change a version's status or notes. For administrators."""
    wanted = given(**changes)
    if not wanted:
        raise click.UsageError("say what is to change: --status or --notes")
    session.out.rows([await session.client.component_versions.change(version_id, **wanted)], _VERSIONS, nothing="")


versions = Listing(
    "versions", commands=[list_versions, add_version, change_version], help="List, enter and change component versions."
)
