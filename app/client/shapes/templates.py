"""Templates: agreements on how a source's files look."""

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict

from app.client.shapes.files import Domain, Granularity

TemplateState = Literal["draft", "published", "archived"]
FieldType = Literal["integer", "number", "date"]
Repeats = Literal["number", "merge", "quarantine"]


class DateRule(TypedDict):
    """Which field holds a row's date; `format` is a strptime format, None takes ISO-like dates."""

    field: str
    format: str | None


class Range(TypedDict):
    """Between which numbers, both included, a field's are expected; None: no bound."""

    minimum: float | None
    maximum: float | None


class Template(TypedDict):
    """One version of the agreement on how a source's files look. `types` and `ranges` are by field."""

    id: str
    platform: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    version: int
    state: TemplateState
    header_row: int
    fields: Sequence[str]
    key_fields: Sequence[str]
    required_fields: Sequence[str]
    date_rule: DateRule
    repeats: Repeats
    types: Mapping[str, FieldType]
    ranges: Mapping[str, Range]
    created_at: str


class NewDateRule(TypedDict):
    """Which field holds a row's date, and in which strptime format; without one ISO-like dates are taken."""

    field: str
    format: NotRequired[str | None]


class NewRange(TypedDict, total=False):
    """Between which numbers, both included, a field's are expected. What is left out is no bound."""

    minimum: float | None
    maximum: float | None


class NewTemplate(TypedDict):
    """What a template is made of. `fields` are the headers in order, `key_fields` tell rows apart, beside the day.

    Keys that are left out are the domain's, by what the fields are called. `header_row` is 1 by default, `repeats` is
    `number`: the n-th row of a key is a fact of its own.
    """

    platform: str
    domain: Domain
    granularity: Granularity
    fields: Sequence[str]
    date_rule: NewDateRule
    sub_domain: NotRequired[str | None]
    key_fields: NotRequired[Sequence[str] | None]
    header_row: NotRequired[int]
    required_fields: NotRequired[Sequence[str]]
    repeats: NotRequired[Repeats]
    types: NotRequired[Mapping[str, FieldType]]
    ranges: NotRequired[Mapping[str, NewRange]]


class TemplateFilter(TypedDict, total=False):
    """Which templates are listed."""

    platform: str
    domain: Domain
    granularity: Granularity
