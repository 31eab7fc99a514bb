"""What holds other files, a zip archive or a compound file, is told by what lies inside, whatever it is called."""

import struct
from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import NotASpreadsheetError
from jobs.tasks.data_sync.formats import check
from jobs.tasks.data_sync.model import FileFormat
from tests.support.books import DATA, ODS_TYPE, ods_bytes, ods_row, unzipped, written, xls_bytes, zipped
from tests.support.reading import new_book

XLS = xls_bytes([("no", "name"), (1, "a")])
ODS = ods_bytes([ods_row("no", "name")])
XLSB = (DATA / "orders.xlsb").read_bytes()


def renamed(content: bytes, old: str, new: str) -> bytes:
    """Give another name to an entry of a compound file's directory."""
    entry = old.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(old) + 2)
    assert content.count(entry) == 1
    return content.replace(entry, new.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(new) + 2))


def with_filepass(content: bytes) -> bytes:
    """Turn the second record of an old workbook into the one that says "protected by a password"."""
    at = content.index(struct.pack("<HH", 0x0809, 16)) + 20
    return content[:at] + struct.pack("<H", 0x002F) + content[at + 2 :]


@pytest.mark.parametrize("name", ["orders.csv", "orders.xlsx", "orders.xls", "orders"])
@pytest.mark.parametrize(
    ("content", "found"),
    [(XLS, FileFormat.XLS), (XLSB, FileFormat.XLSB), (ODS, FileFormat.ODS)],
    ids=["xls", "xlsb", "ods"],
)
def test_a_workbook_is_known_by_its_content(tmp_path: Path, name: str, content: bytes, found: FileFormat) -> None:
    """No name can make it anything else."""
    assert check(written(tmp_path, name, content)) is found


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (renamed(XLS, "Workbook", "WordDocument"), "old Word document"),
        (renamed(XLS, "Workbook", "PowerPoint Document"), "old PowerPoint"),
        (renamed(XLS, "Workbook", "__properties_version1.0"), "Outlook message"),
        (renamed(XLS, "Workbook", "Contents"), "no workbook is found in it.*cut off"),
        (XLS[:1000], "no workbook is found in it.*cut off"),
        (XLS[:8], "no workbook is found in it.*cut off"),
        (zipped({"word/document.xml": ""}), "Word document"),
        (zipped({"ppt/presentation.xml": ""}), "PowerPoint"),
        (zipped({"Index/Document.iwa": ""}), "Apple Numbers"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}), "holds no workbook"),
        (zipped({"orders.csv": "no,name"}), "holds no workbook"),
    ],
    ids=str,
)
def test_another_container_is_named(tmp_path: Path, content: bytes, word: str) -> None:
    """The refusal says what the file is instead."""
    with pytest.raises(NotASpreadsheetError, match=word):
        check(written(tmp_path, "orders.xls", content))


@pytest.mark.parametrize("name", ["pass_protected.xlsx", "pass_protected.xlsb", "pass_protected.ods"])
def test_a_protected_workbook_is_refused(name: str) -> None:
    """Workbooks that were saved with a password are named as what they are, before anything is unpacked."""
    with pytest.raises(NotASpreadsheetError, match=r"protected by a password\. Save it without one"):
        check(DATA / name)


def test_a_protected_old_workbook_is_refused(tmp_path: Path) -> None:
    """An old workbook says by its first records that it is encrypted."""
    with pytest.raises(NotASpreadsheetError, match="protected by a password"):
        check(written(tmp_path, "orders.xls", with_filepass(XLS)))


def test_a_protected_zip_is_refused(tmp_path: Path) -> None:
    """A zip archive with encrypted parts is no damaged one."""
    content = bytearray(zipped({"xl/workbook.xml": "<workbook/>"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(NotASpreadsheetError, match="protected by a password"):
        check(written(tmp_path, "orders.xlsx", bytes(content)))


def test_macros_are_refused(tmp_path: Path) -> None:
    """A workbook with macros fails clearly in each format, though no macro would be run."""
    book, _ = new_book()
    book.save(tmp_path / "plain.xlsx")
    plain = unzipped((tmp_path / "plain.xlsx").read_bytes())
    for content in (
        zipped(plain | {"xl/vbaProject.bin": b"macros"}),
        zipped(unzipped(XLSB) | {"xl/vbaProject.bin": b"macros"}),
        ods_bytes([], {"Basic/Standard/Module1.xml": "<script/>"}),
        renamed(XLS, "Workbook", "_VBA_PROJECT_CUR") + renamed(XLS, "Root Entry", "x")[512:],
    ):
        with pytest.raises(NotASpreadsheetError, match=r"workbook with macros\. Save it as \.xlsx"):
            check(written(tmp_path, "orders.xlsm", content))


def test_an_ods_is_known_without_its_other_parts(tmp_path: Path) -> None:
    """The type that stands at its beginning is enough; whether it can be read is found out by reading it."""
    assert check(written(tmp_path, "x", zipped({"mimetype": ODS_TYPE}))) is FileFormat.ODS
