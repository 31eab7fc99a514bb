"""Every block of code on every page is run by a test, or a table says why not: tests/support/blocks.py."""

import pytest

from tests.support.blocks import FOLLOWED, RUN_BY, RUN_BY_NOBODY
from tests.support.pages import PAGES, blocks
from tests.support.processes import ROOT

NAMED = {**RUN_BY, **RUN_BY_NOBODY}


@pytest.mark.parametrize("path", PAGES)
def test_its_blocks_are_run(path: str) -> None:
    """By who follows the page, where they are for a shell or for Python; else by what the tables name."""
    followed = {"sh", "python"} if path in FOLLOWED else set()
    left = [block.name for block in blocks(path) if block.language not in followed]
    assert [name for name in left if name not in NAMED] == []


def test_the_tables_name_what_is_there() -> None:
    """No block that is gone, none twice, and no test that is gone."""
    assert NAMED.keys() <= {block.name for path in PAGES for block in blocks(path)}
    assert not RUN_BY.keys() & RUN_BY_NOBODY.keys()
    for test in RUN_BY.values():
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8") if name else (ROOT / path).exists(), test
