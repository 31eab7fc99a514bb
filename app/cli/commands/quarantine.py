"""quarantine: list, show, replay."""

import click

from app.cli.commands.options import Listing, gathered, limit_option
from app.cli.output import Columns
from app.cli.pairs import read_pairs
from app.cli.refusals import RefusedError
from app.cli.session import Session, connected
from app.cli.statuses import Status
from app.client.shapes.quarantine import FailedRow, QuarantinedRow

_ROWS: Columns[QuarantinedRow] = {
    "ROW": lambda row: row["row_number"],
    "ERROR": lambda row: row["reason"],
}
_FAILED: Columns[FailedRow] = {
    "ROW": lambda row: row["row_number"],
    "ERROR": lambda row: ", ".join(f"{one['pointer']}: {one['detail']}" for one in row["errors"]),
}
_row_argument = click.argument("row_number", metavar="ROW", type=click.IntRange(min=1))


@click.command("list", short_help="List a file's rows that were set aside.")
@click.argument("file_id")
@limit_option
@connected
async def list_rows(session: Session, *, file_id: str, limit: int) -> None:
    """List a file's rows that were set aside, by their numbers, and why. With --json each has its values."""
    rows = await gathered(session.client.quarantine.list(file_id, most=limit))
    session.out.rows(rows, _ROWS, nothing="no row of it is set aside")


@click.command("show", short_help="Show a row with its values.")
@click.argument("file_id")
@_row_argument
@connected
async def show_row(session: Session, *, file_id: str, row_number: int) -> None:
    """Show a row that was set aside: its values, and what is wrong with them."""
    async for row in session.client.quarantine.list(file_id, most=1, after=row_number - 1):
        if row["row_number"] == row_number:
            values = {f"  {name}": "" if value is None else str(value) for name, value in row["row"].items()}
            wrong = {f"{one['field']}?": one["detail"] for one in row["problems"]}
            session.out.facts(row, {"row": row_number, "error": row["reason"], **wrong, **values})
            return
    raise RefusedError(f"row {row_number} of file {file_id} is not set aside")


@click.command("replay", short_help="Load rows after all.")
@click.argument("file_id")
@click.argument("row_number", metavar="[ROW]", type=click.IntRange(min=1), required=False)
@click.argument("pairs", nargs=-1, metavar="[FIELD=TEXT | FIELD:=JSON]...")
@connected
async def replay(session: Session, *, file_id: str, row_number: int | None, pairs: tuple[str, ...]) -> int | None:
    """Load what can be loaded by now of a file's rows that were set aside: after its template was mended.

    With ROW only that one, with other values for the fields that are named: `replay FILE_ID 17 quantity:=3`. The exit
    status is 1 if rows stay where they are.
    """
    if row_number is not None:
        replayed = await session.client.quarantine.replay(file_id, row_number, read_pairs(pairs))
        facts = {"row": row_number, "outcome": replayed["outcome"], "still set aside": replayed["remaining"]}
        session.out.facts(replayed, facts)
        return None
    total = await session.client.quarantine.replay_all(file_id)
    session.out.facts(total, {"loaded": total["replayed"], "still set aside": len(total["failed"])})
    if total["failed"] and not session.out.as_json:
        session.out.rows(total["failed"], _FAILED, nothing="")
    return Status.FAILED if total["failed"] else Status.DONE


quarantine = Listing(
    "quarantine", commands=[list_rows, show_row, replay], help="Show, mend and load rows that were set aside."
)
