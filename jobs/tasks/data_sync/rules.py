"""Which template layouts make sense. Pure: it says what is wrong and how to mend it, and stores nothing."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from jobs.errors import Mistake
from jobs.tasks.data_sync.headers import normalise
from jobs.tasks.data_sync.model import FieldType, Layout, Range

_PROBE = datetime(2031, 12, 30, 11, 58, 59)  # noqa: DTZ001  formats of exports have no zone


def mistakes_in(layout: Layout) -> list[Mistake]:
    """Find everything that is wrong with a layout."""
    mistakes = [*_repeated(layout.fields)]
    mistakes += _strangers("/key_fields", layout.key_fields, layout)
    mistakes += _strangers("/required_fields", layout.required_fields, layout)
    mistakes += _mistyped(layout)
    if layout.date_rule.field not in layout.fields:
        mistakes.append(Mistake(pointer="/date_rule/field", detail=_not_a_field(layout.date_rule.field)))
    if layout.date_rule.format is not None and not _is_date_format(layout.date_rule.format):
        detail = "is no strptime format that holds year, month and day; example: %d/%m/%Y"
        mistakes.append(Mistake(pointer="/date_rule/format", detail=detail))
    return mistakes


def mistakes_in_ranges(ranges: Mapping[str, Range], layout: Layout) -> Iterable[Mistake]:
    """Find everything that is wrong with the ranges of a layout's fields."""
    for name, given in ranges.items():
        pointer = pointer_to("/ranges", name)
        if layout.types.get(name) not in {FieldType.INTEGER, FieldType.NUMBER}:
            yield Mistake(pointer=pointer, detail="is for numbers: say under types that the field is one")
        if given.minimum is None and given.maximum is None:
            yield Mistake(pointer=pointer, detail="has neither minimum nor maximum; give one, or leave it out")
        elif given.minimum is not None and given.maximum is not None and given.minimum > given.maximum:
            yield Mistake(pointer=f"{pointer}/maximum", detail="is below the minimum")


def _mistyped(layout: Layout) -> Iterable[Mistake]:
    for name in layout.types:
        if name not in layout.fields:
            yield Mistake(pointer=pointer_to("/types", name), detail=_not_a_field(name))
        elif name == layout.date_rule.field:
            detail = "is the date rule's, which says how it is read; leave it out here"
            yield Mistake(pointer=pointer_to("/types", name), detail=detail)


def pointer_to(start: str, name: str) -> str:
    """Give the JSON pointer of a field by its name."""
    return f"{start}/{name.replace('~', '~0').replace('/', '~1')}"


def _repeated(fields: tuple[str, ...]) -> Iterable[Mistake]:
    """Two names that fold to one could not be told apart in a file's header."""
    seen: dict[str, int] = {}
    for index, name in enumerate(fields):
        first = seen.setdefault(normalise(name), index)
        if first != index:
            yield Mistake(pointer=f"/fields/{index}", detail=f"is the same name as field {first}; rename one of them")


def _strangers(pointer: str, names: tuple[str, ...], layout: Layout) -> Iterable[Mistake]:
    for index, name in enumerate(names):
        if name not in layout.fields:
            yield Mistake(pointer=f"{pointer}/{index}", detail=_not_a_field(name))


def _not_a_field(name: str) -> str:
    return f"{name!r} is none of the fields; take one of them, spelt alike"


def _is_date_format(text: str) -> bool:
    try:
        return datetime.strptime(_PROBE.strftime(text), text).date() == _PROBE.date()  # noqa: DTZ007  as above
    except (ValueError, re.error):  # the latter: a directive stands there twice
        return False
