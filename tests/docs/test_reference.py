"""The tables of app/docs/reference say what the code does."""

import re
from enum import StrEnum

import pytest

from app.openapi.problems import problem_types
from app.problems import MEANINGS
from app.routes import ROUTES
from jobs.addresses import redis_address
from jobs.model import Outcome, Over, Reason, State
from jobs.stores.database import Database
from ratelimit.settings import ENDPOINTS, TIERS
from tests.support.metrics import families_of, whole_scrape
from tests.support.pages import page, reference


def test_the_list_of_problem_types_is_the_code_s() -> None:
    """Each type that is answered is on the page with its statuses and its meaning, word for word, and no other."""
    shown = re.findall(r"^\| `[a-z0-9:/.#-]+` \| \d{3}.*\|$", reference("errors"), re.MULTILINE)
    assert shown == [str(row) for row in problem_types()]
    assert {row.type for row in problem_types()} == MEANINGS.keys()


@pytest.mark.parametrize(
    ("heading", "words"),
    [("States", State), ("Cancel", Outcome), ("Why a job waits", Reason), ("Tries", Over)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_word_for_jobs_is_on_their_page(heading: str, words: type[StrEnum]) -> None:
    """Under its heading; a table of them has no other."""
    part = reference("jobs").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert set(words) <= set(re.findall(r"`(\w+)`", part))
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", part, re.MULTILINE)))) in (set(), set(words))


async def test_the_routes_on_the_page_are_those_that_there_are() -> None:
    """A path in the table leads somewhere, and no path is left out."""
    shown = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) ([^`]+)` \|", reference("api"), re.MULTILINE))
    routed = {
        (method, route.path.replace("progress/{id}", "progress/{task_id}"))
        for route in ROUTES
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert shown == routed


async def test_the_metrics_on_the_page_are_those_that_are_shown(environ: dict[str, str], database: Database) -> None:
    """By name, type and labels: alert rules are written by this table. Nothing is left out in either direction."""
    rows = re.findall(r"^\| (`switchyard_.+?) \| (\w+) \|([^|]*)\|", reference("metrics"), re.MULTILINE)
    listed = {
        name: (kind, frozenset(re.findall(r"\w+", labels)))
        for names, kind, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert listed == families_of(await whole_scrape(environ, database))


def test_the_limits_on_the_page_are_those_that_are_shipped() -> None:
    """Of tiers in its table, a minute, and of endpoints in its text."""
    text = page("app/docs/guide/limits.md")
    rows = {
        tier: [f"{number}/minute" for number in numbers.split(" | ")]
        for tier, numbers in re.findall(r"^\| (\w+) \| ([\d |]+) \|$", text, re.MULTILINE)
    }
    assert rows == {tier: list(limits.values()) for tier, limits in TIERS.items()}
    shown = {name: f"{number}/minute" for name, number in re.findall(r"`(sync_\w+)`\s(\d+)", text)}
    assert shown == dict(ENDPOINTS)


def test_the_forms_of_redis_addresses_are_taken() -> None:
    """With all that stands in brackets, and without; of sentinels through TLS by the form before it."""
    lines = re.findall(r"^((?:redis|unix)\S*://\S*)", reference("stores"), re.MULTILINE)
    forms = [line for line in lines if "..." not in line]
    assert [form.partition("://")[0] for form in forms] == ["redis", "unix", "redis+sentinel"]
    for form in forms:
        for written in (re.sub(r"[\[\]]", "", form), re.sub(r"\[.*?\]", "", form)):
            address = redis_address(written)
            assert address.hosts or address.path, written
