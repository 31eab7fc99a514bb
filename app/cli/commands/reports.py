"""preview, quality, profile: what is in a file, and how good it is."""

import click

from app.cli.output import Columns, moment
from app.cli.session import Session, connected
from app.cli.statuses import Status
from app.cli.watching import watch as watch_to_the_end
from app.client.shapes.files import HeaderDifference
from app.client.shapes.previews import Shown
from app.client.shapes.processing import Column
from app.client.shapes.quality import QualityPart

_ROWS = 3  # of a preview that people are shown; JSON has all
_HEADERS: Columns[dict[str, str]] = {
    "HEADER": lambda column: column["header"],
    "FIRST ROWS": lambda column: column["values"],
}
_PARTS: Columns[QualityPart] = {
    "PART": lambda part: part["name"].replace("_", " "),
    "SCORE": lambda part: None if part["score"] is None else f"{part['score']:.1f}",
    "WEIGHT": lambda part: part["weight"],
    "COUNTS": lambda part: ", ".join(f"{name.replace('_', ' ')} {count:g}" for name, count in part["counts"].items()),
}
_COLUMNS: Columns[Column] = {
    "COLUMN": lambda column: column["letters"],
    "NAME": lambda column: column["name"],
    "TYPE": lambda column: column["type"],
    "EMPTY": lambda column: f"{column['null_share']:.0%}",
    "LEAST": lambda column: column["min"],
    "GREATEST": lambda column: column["max"],
}


@click.command("preview")
@click.argument("file_id")
@connected
async def preview(session: Session, *, file_id: str) -> int | None:
    """Look at a file's headers and first rows before it is synced, and at how the headers differ from the template's.

    The exit status is 1 if nothing of it can be shown, which is said.
    """
    found = await session.client.files.preview(file_id)
    template, shown = found["template"], found["shown"]
    facts: dict[str, object] = {
        "template": "none" if template is None else f"{template['id']}, version {template['version']}",
        "problem": found["problem"],
    }
    if shown is not None:
        facts |= {"sheet": shown["sheet"], "encoding": shown["encoding"], "columns": shown["columns"]}
        facts |= _differences(shown["header_difference"])
    session.out.facts(found, facts)
    if shown is not None and not session.out.as_json:
        session.out.rows(_transposed(shown), _HEADERS, nothing="no headers")
    return Status.DONE if found["problem"] is None else Status.FAILED


@click.command("quality")
@click.argument("file_id")
@connected
async def quality(session: Session, *, file_id: str) -> None:
    """Show how good the rows of a file were when it was loaded: a score of 0 to 100, and what it is made of."""
    found = await session.client.files.quality(file_id)
    score = "cannot be told" if found["score"] is None else f"{found['score']:.1f}"
    facts = {"score": score, "rows read": found["rows_read"], "measured": moment(found["measured_at"])}
    session.out.facts(found, facts)
    if not session.out.as_json:
        session.out.rows(found["parts"], _PARTS, nothing="")


@click.command("profile")
@click.argument("file_id")
@click.option("--make", "makes", is_flag=True, help="Make it anew, and wait for that.")
@connected
async def profile(session: Session, *, file_id: str, makes: bool) -> int | None:
    """Show which sheets and columns a file has, and what is in those, as its latest profile has found out."""
    if makes:
        made = await session.client.profiles.make(file_id)
        status = await watch_to_the_end(session, [("job", made["task_id"])])
        if status != Status.DONE:
            return status
    found = await session.client.profiles.show(file_id)
    if session.out.as_json:
        session.out.lines([found])
        return None
    for sheet in found["sheets"]:
        hidden = "" if sheet["is_visible"] else ", hidden"
        session.out.say(f"{sheet['name'] or 'the file'}: {sheet['rows']} rows{hidden}")
        session.out.rows(sheet["columns"], _COLUMNS, nothing="no columns")
    return None


def _transposed(shown: Shown) -> list[dict[str, str]]:
    rows = [row["cells"] for row in shown["rows"][:_ROWS]]
    return [
        {"header": header, "values": " | ".join(cells[place] for cells in rows if place < len(cells))}
        for place, header in enumerate(shown["headers"])
    ]


def _differences(difference: HeaderDifference | None) -> dict[str, object]:
    if difference is None:
        return {}
    return {
        "match": f"{difference['match_rate']:.0%} of the headers stand in order",
        "added": ", ".join(difference["added"]),
        "removed": ", ".join(difference["removed"]),
        "moved": ", ".join(f"{one['name']} ({one['expected']} to {one['found']})" for one in difference["moved"]),
        "missing keys": ", ".join(difference["missing_keys"]),
    }
