"""The folder of product images, and whether a file has pictures at all."""

import os
import time
from pathlib import Path

import pytest

from jobs.errors import StoreUnavailableError
from jobs.tasks.data_processing.media import Media, Size
from jobs.tasks.data_processing.pictures import has_pictures
from tests.support.files import as_csv, as_xlsx
from tests.support.pictures import book_of, files_in, picture

_HASH = "5a" * 32


def test_a_file_is_there_whole_under_its_hash(tmp_path: Path) -> None:
    """Once, however often it is kept, and nothing beside it."""
    media = Media(tmp_path / "media")
    for content in (b"first", b"second"):
        media.keep(_HASH, Size.THUMBNAIL, content)
        assert media.path_of(_HASH, Size.THUMBNAIL).read_bytes() == content
    assert files_in(tmp_path) == [tmp_path / "media" / "thumbnails" / "5a" / f"{_HASH}.jpg"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "5a", "/" + _HASH, _HASH + "/..", "zz" * 32, f"{_HASH} ", ""])
def test_only_a_hash_names_a_file(tmp_path: Path, name: str) -> None:
    """Whatever else comes never becomes a path."""
    with pytest.raises(ValueError, match="is no SHA-256"):
        Media(tmp_path).path_of(name, Size.ORIGINAL)


def test_a_folder_that_cannot_be_written_is_a_store_that_is_away(tmp_path: Path) -> None:
    """Another try may find it mended; nothing is left."""
    (tmp_path / "media").write_text("no folder")
    with pytest.raises(StoreUnavailableError, match="media folder"):
        Media(tmp_path / "media").keep(_HASH, Size.ORIGINAL, b"bytes")
    assert files_in(tmp_path) == [tmp_path / "media"]


def test_what_killed_processes_have_left_is_swept_a_day_later(tmp_path: Path) -> None:
    """Not what somebody may still be writing, and never an image."""
    media = Media(tmp_path)
    media.sweep()  # there may be nothing yet
    media.keep(_HASH, Size.ORIGINAL, b"bytes")
    old, fresh = tmp_path / "unfinished" / "old", tmp_path / "unfinished" / "fresh"
    long_ago = time.time() - 90_000
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (long_ago, long_ago))
    os.utime(media.path_of(_HASH, Size.ORIGINAL), (long_ago, long_ago))
    media.sweep()
    assert files_in(tmp_path) == [media.path_of(_HASH, Size.ORIGINAL), fresh]


def test_a_workbook_says_whether_it_has_pictures(tmp_path: Path) -> None:
    """Told by the directory of the package; no other file has any, also none that is broken or missing."""
    path = tmp_path / "file"
    book = book_of([("A1", [picture()])])
    rows = [("sku",), ("A1",)]
    for content, expected in ((book, True), (as_xlsx(rows), False), (as_csv(rows), False), (book[:-30], False)):
        path.write_bytes(content)
        assert has_pictures(path) is expected
    path.unlink()
    assert has_pictures(path) is False


def aged(path: Path, *, days: float) -> None:
    """Let a file look as if nobody had touched it for so long."""
    moment = time.time() - days * 86_400
    os.utime(path, (moment, moment))


def test_only_files_that_nobody_uses_are_unused(tmp_path: Path) -> None:
    """An image is as young as the younger of its two files; using one makes it young, once in half a day."""
    media = Media(tmp_path)
    assert (media.folders(), media.unused("5a", unused_s=9)) == ([], set())
    for sha256 in (_HASH, "5b" * 32):
        for size in Size:
            media.keep(sha256, size, b"bytes")
            aged(media.path_of(sha256, size), days=3)
    assert media.folders() == ["5a", "5b"]
    assert media.unused("5a", unused_s=2 * 86_400) == {_HASH}
    assert media.unused("5a", unused_s=4 * 86_400) == set()
    assert media.use(_HASH, Size.THUMBNAIL)
    assert media.unused("5a", unused_s=2 * 86_400) == set()
    used = media.path_of(_HASH, Size.THUMBNAIL).stat().st_mtime_ns
    assert media.use(_HASH, Size.THUMBNAIL)
    assert media.path_of(_HASH, Size.THUMBNAIL).stat().st_mtime_ns == used
    assert not media.use("77" * 32, Size.ORIGINAL)


def test_a_file_that_is_used_meanwhile_is_not_taken_away(tmp_path: Path) -> None:
    """The other is; and what is gone already, or was left aside by a killed process, is no failure."""
    media = Media(tmp_path)
    for size in Size:
        media.keep(_HASH, size, b"bytes")
        aged(media.path_of(_HASH, size), days=3)
    media.use(_HASH, Size.ORIGINAL)
    assert media.forget(_HASH, unused_s=2 * 86_400) == 1
    assert files_in(tmp_path) == [media.path_of(_HASH, Size.ORIGINAL)]
    aside = tmp_path / "unfinished" / f"{Size.ORIGINAL}-{_HASH}"
    aside.write_bytes(b"left")
    aged(media.path_of(_HASH, Size.ORIGINAL), days=3)
    assert (media.forget(_HASH, unused_s=2 * 86_400), media.forget(_HASH, unused_s=2 * 86_400)) == (1, 0)
    assert files_in(tmp_path) == []
