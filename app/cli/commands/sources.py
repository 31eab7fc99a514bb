"""sources, scan: where files come from, and how they do."""

import click

from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.cli.statuses import Status
from app.client.shapes.files import RefusedFile, Source

_SOURCES: Columns[Source] = {
    "SOURCE": lambda source: "/".join(
        part
        for part in (source["platform"], source["domain"], source["sub_domain"], source["granularity"])
        if part is not None
    ),
    "TEMPLATE": lambda source: source["template"],
    "FILES": lambda source: source["files"],
    "WITHOUT": lambda source: source["needs_template"],
    "CHANGED": lambda source: source["header_changed"],
    "OLDER": lambda source: source["loaded_by_older"],
    "NEWEST": lambda source: brief(source["newest_at"]),
}
_REFUSED: Columns[RefusedFile] = {"NAME": lambda file: file["name"], "ERROR": lambda file: file["reason"]}


@click.command("sources")
@connected
async def sources(session: Session) -> None:
    """Show how each source's files do: whether there is a template, and how many files wait for one.

    WITHOUT counts the files that need a template, CHANGED those that came with other headers, OLDER those that were
    loaded by a version that has been replaced.
    """
    found = await session.client.files.governance()
    if session.out.as_json:
        session.out.lines([found])
        return
    session.out.rows(found["sources"], _SOURCES, nothing="no files")
    session.out.note(", ".join(f"{count} {state}" for state, count in found["states"].items() if count))


@click.command("scan")
@connected
async def scan(session: Session) -> int:
    """Take in files that other programs have put into the site's inbox. For administrators.

    The exit status is 1 if files were refused; they stay there.
    """
    found = await session.client.files.scan()
    facts = {"taken": found["taken"], "known before": found["known"], "refused": len(found["refused"])}
    session.out.facts(found, facts)
    if not session.out.as_json:
        if found["refused"]:
            session.out.rows(found["refused"], _REFUSED, nothing="")
        if found["more"]:
            session.out.note("there are more: switchyard scan")
    return Status.FAILED if found["refused"] else Status.DONE
