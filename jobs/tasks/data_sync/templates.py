"""The `templates` table: the versions of each source's layout. Which layouts make sense is not decided here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from jobs.ids import new_job_id
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import (
    DateRule,
    Domain,
    FieldType,
    Granularity,
    Layout,
    Range,
    Repeats,
    Source,
    Template,
    TemplateState,
)

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """Which templates to list; None takes all."""

    platform: str | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None


class TemplateStore:
    """Reads and writes templates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, source: Source, layout: Layout, repeats: Repeats, ranges: Mapping[str, Range]) -> Template:
        """Store the next version for a source, as a draft."""
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["lock"])
            row = await connection.fetch_row(
                _SQL["insert"],
                UUID(new_job_id()),
                *_source_values(source),
                layout.header_row,
                list(layout.fields),
                list(layout.key_fields),
                list(layout.required_fields),
                layout.date_rule.field,
                layout.date_rule.format,
                repeats,
                layout.types,
                {name: asdict(one) for name, one in ranges.items()},
            )
        if row is None:
            raise AssertionError("INSERT .. RETURNING gave no row")
        return _template(row)

    async def get(self, template_id: UUID) -> Template | None:
        """Give a template, or None."""
        row = await self._database.fetch_row(_SQL["get"], template_id)
        return None if row is None else _template(row)

    async def list(self, wanted: TemplateFilter, *, before: UUID | None, limit: int) -> list[Template]:
        """Give templates, newest first, those older than `before`."""
        rows = await self._database.fetch(
            _SQL["list"], wanted.platform, wanted.domain, wanted.granularity, before, limit
        )
        return [_template(row) for row in rows]

    async def publish(self, template_id: UUID) -> Template | None:
        """Publish a draft, or find it published; None for any other.

        Files that were waiting for it are due at once.
        """
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["lock"])
            row = await connection.fetch_row(_SQL["publish"], template_id)
            if row is None:
                row = await connection.fetch_row(_SQL["published"], template_id)
                return None if row is None else _template(row)
            template = _template(row)
            await connection.execute(_SQL["wake"], *_source_values(template.source))
        return template

    async def match(self, source: Source, *, connection: Connection | None = None) -> Template | None:
        """Give the highest published version for a source, else for the source without its sub-domain.

        Within the transaction of a `connection` no other is published from now on: who finds none may note so, and
        whoever publishes one then sees the note.
        """
        if connection is not None:
            await connection.execute(_SQL["keep_still"])
        row = await (connection or self._database).fetch_row(_SQL["match"], *_source_values(source))
        return None if row is None else _template(row)


def _source_values(source: Source) -> tuple[str, str, str, str]:
    return source.platform, source.domain, source.sub_domain, source.granularity


def source_of(row: Row) -> Source:
    """Read the four columns that templates and files share."""
    return Source(
        platform=row["platform"],
        domain=Domain(row["domain"]),
        sub_domain=row["sub_domain"],
        granularity=Granularity(row["granularity"]),
    )


def _template(row: Row) -> Template:
    return Template(
        id=row["id"],
        source=source_of(row),
        version=row["version"],
        state=TemplateState(row["state"]),
        layout=Layout(
            header_row=row["header_row"],
            fields=tuple(row["fields"]),
            key_fields=tuple(row["key_fields"]),
            required_fields=tuple(row["required_fields"]),
            date_rule=DateRule(field=row["date_field"], format=row["date_format"]),
            types={name: FieldType(kind) for name, kind in row["types"].items()},
        ),
        repeats=Repeats(row["repeats"]),
        ranges={name: Range(**one) for name, one in row["ranges"].items()},
        created_at=row["created_at"],
    )
