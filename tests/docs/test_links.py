"""Every link of every page leads somewhere."""

import re

import pytest

from tests.support.pages import PAGES, page
from tests.support.processes import ROOT

PICTURES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "app/dashboard/pictures").iterdir())
MOST_BYTES = 150_000

_CODE = re.compile(r"^```.*?^```|^(?: {4}|\t).*?$|`[^`\n]+`(?!\])", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"""(?:\]\(|src(?:set)?=")([^)\s"]+)""")


def _anchors(path: str) -> set[str]:
    """Give those of a page's headings, made as GitHub makes them: small letters, no signs, a dash for each blank."""
    text = re.sub(r"^```.*?^```", "", page(path), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _links(path: str) -> list[str]:
    return _LINK.findall(_CODE.sub("", page(path)))


@pytest.mark.parametrize("path", PAGES)
def test_its_links_lead_somewhere(path: str) -> None:
    """To a file of the tree, and to a heading of that page where one is named."""
    for link in _links(path):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = ((ROOT / path).parent / file).resolve() if file else ROOT / path
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(str(target.relative_to(ROOT))), link


def test_every_page_of_the_guide_is_on_the_map() -> None:
    """Of README.md, and so are the pages on running a site: whoever is there finds all others."""
    linked = {link.partition("#")[0] for link in _links("README.md")}
    assert {path for path in PAGES if path.startswith(("app/docs/guide/", "app/docs/reference/", "deploy/"))} <= linked


@pytest.mark.parametrize("path", PICTURES)
def test_a_picture_is_shown_and_small(path: str) -> None:
    """By some page; tests/dashboard/take_pictures.py takes them."""
    shown = {((ROOT / page).parent / link).resolve() for page in PAGES for link in _links(page)}
    assert (ROOT / path).resolve() in shown
    assert (ROOT / path).stat().st_size <= MOST_BYTES
