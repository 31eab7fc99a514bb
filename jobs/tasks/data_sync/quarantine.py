"""Rows that were set aside: listed, and replayed once they are mended. How rows become facts is `load`'s business."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.audit import Action, Actor, Deed
from jobs.errors import ConflictError, InvalidInputError, Mistake, NotFoundError
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.catalogue import Catalogue
from jobs.tasks.data_sync.checks import is_empty
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.load import FILLED_WINS, Target, lock_source, stage, write
from jobs.tasks.data_sync.model import CatalogueFile, FileFormat, FileState, Repeats, RowCounts, Template
from jobs.tasks.data_sync.reader.copy_text import Lines
from jobs.tasks.data_sync.rules import pointer_to
from jobs.tasks.data_sync.templates import TemplateStore

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)


class NotAsideError(NotFoundError):
    """A row is not in the quarantine of its file: it never was, or a later sync has loaded it."""


class ReplayedError(ConflictError):
    """A row has left the quarantine: somebody has replayed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """A row that was set aside, as it was read. `problems` has the fields and what they are, `reason` says it whole."""

    row_number: int
    reason: str
    problems: Sequence[Mapping[str, str]]
    row: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a row that was replayed, as counts of one, and of its file: how many rows are still set aside."""

    row_number: int
    counts: RowCounts
    remaining: int
    file_state: FileState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedAll:
    """What became of some rows of a file: those that failed again are still set aside. `following` is the last seen.

    `replayed` does not count rows that somebody else has replayed meanwhile.
    """

    replayed: int
    failed: Mapping[int, Sequence[Mistake]]
    following: int | None


class Quarantine:
    """Rows that were set aside, by file and row number. `owner` None means everybody's; NotFoundError for others'."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._catalogue = Catalogue(database)
        self._templates = TemplateStore(database)

    async def list(self, file_id: UUID, *, owner: str | None, after: int, limit: int) -> list[QuarantinedRow]:
        """Give the rows of a file that are set aside, by number, those beyond `after`."""
        await self._file(file_id, owner)
        return [_row(row) for row in await self._database.fetch(_SQL["list"], file_id, after, limit)]

    async def replay(
        self, file_id: UUID, row_number: int, *, owner: str | None, mended: Mapping[str, Cell], by: Actor
    ) -> Replayed:
        """Load a row by the newest template, with the values of `mended` in place of its own.

        In one transaction it becomes a fact, as if the file were synced again with it, leaves the quarantine, and who
        did it is written down; a later sync of the file knows it as loaded. Raises InvalidInputError, which names the
        fields, where it still cannot be loaded, NotFoundError where it was never set aside, and ConflictError where it
        has been replayed, while the file is being synced, and where no template is published.
        """
        file = await self._file(file_id, owner)
        template = await self._templates.match(file.source)
        if template is None:
            raise ConflictError("no published template fits the file any more; publish one")
        target = Target(
            source=file.source,
            shop_id=file.shop_id,
            file_id=file_id,
            template_id=template.id,
            repeats=template.repeats,
            key_fields=template.layout.key_fields,
        )
        async with self._database.transaction() as connection:
            await lock_source(connection, target)
            currency = await _lock_file(connection, file_id)
            held = await _held(connection, file_id, row_number)
            cells = _cells(file, template, {**held["data"], **mended})
            await stage(connection, _once(Lines(template.layout, ReadLimits()).line(row_number, cells)))
            occurrence = await _place(connection, target, row_number, held)
            await connection.execute(_SQL["incoming"])
            await connection.execute(_SQL["identify"], occurrence)
            filled_wins = file.source.domain in FILLED_WINS or target.repeats is Repeats.MERGE
            counts = await write(connection, target, currency=currency, filled_wins=filled_wins)
            await connection.execute(_SQL["resolve"], file_id, row_number)
            await connection.execute(_SQL["settle"], file_id)
            left = await connection.fetch_row(_SQL["remaining"], file_id)
            details = {"owner": file.owner, "row_number": row_number, "mended": sorted(mended)}
            deed = Deed(actor=by, action=Action.ROW_REPLAY, object_id=str(file_id), details=details)
            await note(deed, connection=connection)
        if left is None:
            raise AssertionError("an aggregate gave no row")
        return Replayed(
            row_number=row_number, counts=counts, remaining=left["remaining"], file_state=FileState(left["state"])
        )

    async def replay_all(self, file_id: UUID, *, owner: str | None, after: int, limit: int, by: Actor) -> ReplayedAll:
        """Replay so many rows as they are, each by itself: for after a template was mended. Raises as `replay` does.

        Rows that are gone meanwhile are passed over.
        """
        rows = await self.list(file_id, owner=owner, after=after, limit=limit + 1)
        replayed = 0
        failed: dict[int, Sequence[Mistake]] = {}
        for row in rows[:limit]:
            try:
                await self.replay(file_id, row.row_number, owner=owner, mended={}, by=by)
            except InvalidInputError as error:
                failed[row.row_number] = error.mistakes
            except (NotAsideError, ReplayedError):
                continue
            else:
                replayed += 1
        return ReplayedAll(
            replayed=replayed,
            failed=failed,
            following=rows[limit - 1].row_number if len(rows) > limit else None,
        )

    async def _file(self, file_id: UUID, owner: str | None) -> CatalogueFile:
        file = await self._catalogue.get(file_id, owner=owner)
        if file is None:
            raise NotFoundError(f"there is no file {file_id}")
        return file


async def _lock_file(connection: Connection, file_id: UUID) -> str | None:
    """Keep the file from being synced until the transaction ends; give its currency."""
    file = await connection.fetch_row(_SQL["lock_file"], file_id)
    if file is None:
        raise NotFoundError(f"there is no file {file_id}")
    if file["state"] == FileState.PROCESSING:
        raise ConflictError("the file is being synced; replay the row when that has ended")
    currency: str | None = file["currency"]
    return currency


async def _held(connection: Connection, file_id: UUID, row_number: int) -> Row:
    held = await connection.fetch_row(_SQL["get"], file_id, row_number)
    if held is None:
        raise NotAsideError(f"row {row_number} of the file is not in quarantine")
    if held["replayed_at"] is not None:
        raise ReplayedError(f"row {row_number} has been replayed; it is loaded")
    return held


def _cells(file: CatalogueFile, template: Template, values: Mapping[str, Cell]) -> list[Cell]:
    """Give a cell for each field; raises InvalidInputError for values of what is no field."""
    fields = set(template.layout.fields)
    detail = "is none of the template's fields; put its value where it belongs, and this to null"
    strangers = [name for name, value in values.items() if name not in fields and not is_empty(value)]
    if strangers:
        raise InvalidInputError([Mistake(pointer=pointer_to("/row", name), detail=detail) for name in strangers])
    cells = [values.get(name) for name in template.layout.fields]
    # As the file would have had them: a csv knows texts alone.
    as_read = _as_in_a_csv if file.format is FileFormat.CSV else _as_in_a_book
    return [as_read(cell) for cell in cells]


def _as_in_a_csv(cell: Cell) -> Cell:
    return cell if isinstance(cell, str) else canonical(cell)


def _as_in_a_book(cell: Cell) -> Cell:
    """Give a moment, which JSON has as a text, as the sheet had it: it is part of identity in another form."""
    if not isinstance(cell, str) or _MOMENT.fullmatch(cell) is None:
        return cell
    try:
        return datetime.fromisoformat(cell)
    except ValueError:  # a day or an hour that there is not: it is a text, and told as one where a date must be
        return cell


async def _place(connection: Connection, target: Target, row_number: int, held: Row) -> int:
    """Give the row's place among the occurrences of its key; raises InvalidInputError where it cannot be loaded."""
    staged = await connection.fetch_row(_SQL["staged"])
    if staged is None:
        raise AssertionError("a row that was staged is not there")
    if staged["problems"] is not None:
        raise InvalidInputError(
            [Mistake(pointer=pointer_to("/row", one["field"]), detail=one["detail"]) for one in staged["problems"]]
        )
    if target.repeats is Repeats.MERGE:
        return 1
    identity = staged["business_date"], staged["key_hash"]
    if (
        target.repeats is Repeats.NUMBER
        and held["occurrence"]
        and identity == (held["business_date"], held["key_hash"])
    ):
        return int(held["occurrence"])
    free = await connection.fetch_row(_SQL["free_occurrence"], *target.identity, *identity, target.file_id, row_number)
    if free is None:
        raise AssertionError("all places of a key are taken")
    if target.repeats is Repeats.QUARANTINE and free["occurrence"] > 1:
        detail = "is, with the day, that of a row that is loaded; a key may come once in a file of this template"
        raise InvalidInputError(
            [Mistake(pointer=pointer_to("/row", name), detail=detail) for name in target.key_fields]
        )
    return int(free["occurrence"])


async def _once(line: bytes) -> AsyncIterator[bytes]:
    yield line


def _row(row: Row) -> QuarantinedRow:
    return QuarantinedRow(
        row_number=row["row_number"],
        reason=row["reason"],
        problems=row["problems"],
        row=row["data"],
        created_at=row["created_at"],
    )
