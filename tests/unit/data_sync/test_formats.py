"""A file's format is told by its content."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import NotASpreadsheetError
from jobs.tasks.data_sync.formats import check, tell
from jobs.tasks.data_sync.model import FileFormat

HEADERS = "订单号,商品编码,数量\r\n536365,85123A,6\r\n"


def archive(**parts: str) -> bytes:
    """Zip the parts; `__` stands for a slash."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            # Of one date, as the bytes are the names of tests, which have to be the same in every process.
            target.writestr(zipfile.ZipInfo(name.replace("__", "/"), (2026, 1, 1, 0, 0, 0)), content)
    return written.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        HEADERS.encode(),
        HEADERS.encode("utf-8-sig"),
        HEADERS.encode("utf-16"),
        HEADERS.encode("utf-16-le"),
        HEADERS.encode("utf-16-be"),
        HEADERS.encode("gb18030"),
        HEADERS.encode()[:-7] + "é".encode()[:1],
        "库".encode() * 1365 + b"ab",
        b"one column\r\nand no delimiter\r\n",
        b"x",
        b'"quoted","cells"\n',
        b"a,b\n1,\x00\n" + b"2,3\n" * 30,
        b"MZ,a header of two letters\n",
    ],
)
def test_text_is_csv_in_whatever_encoding(content: bytes) -> None:
    """Text counts as csv with or without a byte order mark, a delimiter, or a whole last character."""
    assert tell(content) is FileFormat.CSV


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"GIF89a\x01\x00", "GIF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x05\x06" + bytes(18), "zip"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "program"),
        (b"\x7fELF\x02\x01\x01", "program"),
        (bytes(range(256)), "binary"),
        (bytes(64), "binary"),
        (b"\x01\x02\x03\x04\x05\x06", "binary"),
        (b"{\\rtf1", "rich text"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "web archive"),
        (b'<?xml version="1.0"?><svg>', "SVG"),
        (b'<?xml version="1.0"?><feed>', "XML document"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML of Excel 2003"),
    ],
)
def test_what_is_no_spreadsheet_is_named(content: bytes, word: str) -> None:
    """The refusal says what the file is instead."""
    with pytest.raises(NotASpreadsheetError, match=word):
        tell(content)


@pytest.mark.parametrize(
    "content",
    [
        b"<html><table><tr><td>1</td></tr></table>",
        "\ufeff<!DOCTYPE html>\n<html>".encode(),
        "\ufeff  <TABLE border=1>".encode("utf-16-le"),
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1.dtd"><html>',
        b"<meta charset='gb2312'><table>" + "订单号".encode("gb18030"),
        b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><head><!--[if gte mso 9]><xml>",
    ],
)
def test_a_page_is_html(content: bytes) -> None:
    """A page counts as HTML, with or without a head, in whatever encoding."""
    assert tell(content) is FileFormat.HTML


@pytest.mark.parametrize(
    "content",
    [
        archive(xl__workbook_xml="<workbook/>").replace(b"workbook_xml", b"workbook.xml"),
        archive(
            book="", **{"[Content_Types].xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
        ),
    ],
)
def test_a_zip_with_a_workbook_is_xlsx(tmp_path: Path, content: bytes) -> None:
    """A workbook is known by its part or by its content type."""
    path = tmp_path / "upload.csv"
    path.write_bytes(content)
    assert check(path) is FileFormat.XLSX


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (archive(readme="text"), "no workbook"),
        (archive(word__document="", **{"[Content_Types].xml": "wordprocessingml.document"}), "Word document"),
        (archive(readme="text" * 500)[:60], "damaged"),
        (b"PK\x03\x04" + b"x" * 100, "damaged"),
    ],
)
def test_another_zip_is_refused(tmp_path: Path, content: bytes, word: str) -> None:
    """A zip without a workbook is told from one that is cut off."""
    path = tmp_path / "upload.xlsx"
    path.write_bytes(content)
    with pytest.raises(NotASpreadsheetError, match=word):
        check(path)


@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_a_huge_directory_is_never_loaded(tmp_path: Path, comment: bytes) -> None:
    """A zip whose end record declares a directory of 64 MiB is refused unopened."""
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 64 * 1024 * 1024, 0, len(comment)) + comment
    path = tmp_path / "upload.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"x" * 1000 + end)
    with pytest.raises(NotASpreadsheetError, match="very many files"):
        check(path)


def test_a_huge_zip64_directory_is_never_loaded(tmp_path: Path) -> None:
    """The larger form of the end record is heeded too, as zipfile would."""
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 64 * 1024 * 1024, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 1004, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 10, 0, 0)
    path = tmp_path / "upload.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"x" * 1000 + end_64 + locator + end)
    with pytest.raises(NotASpreadsheetError, match="very many files"):
        check(path)


def test_text_is_checked_without_an_archive(tmp_path: Path) -> None:
    """A csv passes the check of whole files too."""
    path = tmp_path / "upload.xlsx"
    path.write_text(HEADERS, encoding="utf-8")
    assert check(path) is FileFormat.CSV
