"""The records and words of the data sync: files, templates, layouts, counts. It reads and writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Domain(StrEnum):
    """What kind of rows a file holds; the facts are partitioned by it."""

    ORDERS = "orders"
    PRODUCTS = "products"
    INVENTORY = "inventory"
    TRAFFIC = "traffic"
    SERVICES = "services"
    ANALYTICS = "analytics"


class Granularity(StrEnum):
    """The span of time that one file covers."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    SNAPSHOT = "snapshot"


class FileFormat(StrEnum):
    """How a file is encoded, told by its content and never by its name."""

    CSV = "csv"
    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    HTML = "html"


class FileState(StrEnum):
    """Where a file stands between upload and facts."""

    PENDING = "pending"
    PROCESSING = "processing"
    INGESTED = "ingested"
    PARTIAL = "partial"
    FAILED = "failed"
    NEEDS_TEMPLATE = "needs_template"
    HEADER_CHANGED = "header_changed"


class TemplateState(StrEnum):
    """The highest published version of a template counts; drafts and archived ones never do."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class FieldType(StrEnum):
    """What the values of a field must be, where they are not empty; a field without a type takes any."""

    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"


class Repeats(StrEnum):
    """What a key that comes again within one file means.

    `number`: the n-th occurrence is a fact of its own; `merge`: all occurrences make one fact;
    `quarantine`: the first is the fact, the others are set aside.
    """

    NUMBER = "number"
    MERGE = "merge"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRule:
    """Which field holds a row's business date. `format` is a strptime format; None takes ISO-like dates."""

    field: str
    format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How to read a file: all that the reader is told of a template. `header_row` counts from 1.

    A row without a date, with an empty required field or with a value that is not of its field's type is set aside.
    """

    header_row: int
    fields: tuple[str, ...]
    key_fields: tuple[str, ...]
    required_fields: tuple[str, ...]
    date_rule: DateRule
    types: Mapping[str, FieldType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Between which values, both included, the numbers of a field are expected; None: no bound."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows come from. `sub_domain` is "" where the domain has no parts."""

    platform: str
    domain: Domain
    sub_domain: str
    granularity: Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One version of the agreement on how a source's files look. `ranges` count for the quality alone."""

    id: UUID
    source: Source
    version: int
    state: TemplateState
    layout: Layout
    repeats: Repeats
    ranges: Mapping[str, Range]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """An uploaded file as the catalogue knows it. The same bytes are one file.

    `header_difference` is that of `header_changed`, as `HeaderDifference.as_mapping` gives it. `tries` counts the syncs
    since one has loaded it; `next_attempt_at` is when another may be worth it, None where none is by itself.
    """

    id: UUID
    sha256: str
    name: str
    format: FileFormat
    size: int
    source: Source
    shop_id: str
    date_from: date | None
    date_to: date | None
    owner: str
    state: FileState
    job_id: str | None
    last_error: str | None
    header_difference: Mapping[str, Any] | None
    tries: int
    next_attempt_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What became of a file's rows: read = inserted + updated + unchanged + quarantined."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def adds_up(self) -> bool:
        """Say whether each row that was read is accounted for exactly once."""
        return self.read == self.inserted + self.updated + self.unchanged + self.quarantined

    def as_mapping(self) -> Mapping[str, int]:
        """Give the counts under the names that the API shows."""
        return {
            "read": self.read,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "quarantined": self.quarantined,
        }
