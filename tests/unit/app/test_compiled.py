"""Compiled templates, kept beside modules: as good as new, and never in the way."""

import sys
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from app.dashboard.compiled import BesideModules, compiled

PAGES = {"hello": "Hello {{ name }}!", "bye": "{% if name %}Bye {{ name }}{% endif %}"}


@pytest.fixture(autouse=True)
def _keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep bytecode, whatever these tests were started with."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def said(folder: Path, pages: dict[str, str] = PAGES, options: bytes = b"") -> list[str]:
    """Compile pages as a process does at its start, and fill them in."""
    environment = Environment(loader=DictLoader(pages), bytecode_cache=BesideModules(folder, options), autoescape=True)
    return [template.render(name="Ann") for template in compiled(environment).values()]


def kept(folder: Path) -> dict[Path, int]:
    """Give what is kept there; each file and its number, which is another where it was written anew."""
    return {path: path.stat().st_ino for path in (folder / "__pycache__").glob("*")}


def test_what_was_compiled_is_not_compiled_again(tmp_path: Path) -> None:
    """All that compiles writes a file; the second time none is written, and the pages are the same."""
    assert said(tmp_path) == ["Bye Ann", "Hello Ann!"]
    first = kept(tmp_path)
    assert len(first) == len(PAGES)
    assert said(tmp_path) == ["Bye Ann", "Hello Ann!"]
    assert kept(tmp_path) == first


def test_a_template_that_has_changed_is_compiled_anew(tmp_path: Path) -> None:
    """It alone."""
    said(tmp_path)
    first = kept(tmp_path)
    assert said(tmp_path, {**PAGES, "hello": "Good day, {{ name }}"}) == ["Bye Ann", "Good day, Ann"]
    assert len(set(kept(tmp_path).items()) - set(first.items())) == 1


def test_what_was_compiled_with_other_options_is_not_taken(tmp_path: Path) -> None:
    """Nor is it lost for who has those."""
    said(tmp_path)
    first = kept(tmp_path)
    said(tmp_path, options=b"other")
    assert len(kept(tmp_path)) == 2 * len(PAGES)
    assert first.items() < kept(tmp_path).items()


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    """Cut short, or of something else."""
    said(tmp_path)
    one, other = kept(tmp_path)
    one.write_bytes(one.read_bytes()[:-10])
    other.write_bytes(b"rubbish")
    assert said(tmp_path) == ["Bye Ann", "Hello Ann!"]
    again = kept(tmp_path)
    assert said(tmp_path) == ["Bye Ann", "Hello Ann!"]
    assert kept(tmp_path) == again


def test_where_nothing_can_be_kept_pages_are_shown_all_the_same(tmp_path: Path) -> None:
    """Here the folder is not there at all."""
    assert said(tmp_path / "nowhere") == ["Bye Ann", "Hello Ann!"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_where_python_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with PYTHONDONTWRITEBYTECODE."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert said(tmp_path) == ["Bye Ann", "Hello Ann!"]
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_template_ends_it(tmp_path: Path) -> None:
    """At the start, not when somebody asks for its page."""
    with pytest.raises(TemplateSyntaxError):
        said(tmp_path, {**PAGES, "wrong": "{% if %}"})
