"""What the pages name in passing is there: commands, operations and settings."""

import re
from collections.abc import Collection

import pytest

from app.cli.root import COMMANDS
from app.routes import ROUTES
from jobs.__main__ import COMMANDS as PROCESSES
from tests.docs.test_settings import OURS, PLATFORM
from tests.support.pages import PAGES, page

# What was is named in the changelog too.
NOW = [path for path in PAGES if path != "CHANGELOG.md"]
TEXT = {path: page(path) for path in NOW}
DEV = re.findall(r"^    \"(\w+)\": ", page("dev"), re.MULTILINE)


def _missing(pattern: str, known: Collection[object]) -> set[tuple[str, str]]:
    found = {(path, word) for path, text in TEXT.items() for word in re.findall(pattern, text)}
    assert found, pattern
    return {(path, word) for path, word in found if word not in known}


@pytest.mark.parametrize(
    ("pattern", "known"),
    [
        (r"(?m)(?:`|^ *)switchyard ([a-z]+)", COMMANDS),
        (r"\./dev ([a-z]+)", {*DEV, "help"}),
        (r"python -m jobs ([a-z-]+)", PROCESSES),
        (r"python -m app ([a-z]+)", {"migrate"}),
        (r"\b((?:APP|JOBS|RATELIMIT)_[A-Z_]*[A-Z])\b", {variable.name for variable in OURS} | PLATFORM),
    ],
    ids=["switchyard", "dev", "jobs", "app", "settings"],
)
def test_what_is_named_is_there(pattern: str, known: Collection[object]) -> None:
    """Under that name."""
    assert _missing(pattern, known) == set()


def test_the_operations_that_are_named_are_there() -> None:
    """By method and path, as they are written in one; a word stands for what the route has in braces."""
    routed = [
        re.compile(f"{method} {re.sub(r'{.*?}', '[^/]+', route.path)}")
        for route in ROUTES
        for method in route.methods or ()
    ]
    named = {
        (path, operation)
        for path, text in TEXT.items()
        for operation in re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^\s`?]*)", text)
    }
    assert {(path, name) for path, name in named if not any(route.fullmatch(name) for route in routed)} == set()
