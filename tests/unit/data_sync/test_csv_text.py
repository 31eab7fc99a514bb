"""The encoding and the delimiter of a csv are found out from its bytes."""

from pathlib import Path

import pytest

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.reader.csv_text import CsvText, delimiter, examine

TEXT = "订单号,商品编码\r\n536365,白色陶瓷\r\n"


def written(tmp_path: Path, content: bytes) -> Path:
    """Write the content to a file."""
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        ("no,sku\r\n1,2\r\n".encode("utf-16-le"), "utf-16-le"),
        ("no,sku\r\n1,2\r\n".encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("gb18030"), "gb18030"),
        ("no,sku\r\n1,𠀀\r\n".encode("gb18030"), "gb18030"),
        (b"no,sku\n1,\x002\n" * 20, "utf-8"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, content: bytes, encoding: str) -> None:
    """Byte order marks decide, then NULs, then whether the whole file is UTF-8."""
    assert examine(written(tmp_path, content)).encoding == encoding


def test_one_late_byte_decides(tmp_path: Path) -> None:
    """A file that is ASCII for two million bytes and GB 18030 at its end is GB 18030."""
    content = b"no,sku\n" * 300_000 + "白色\n".encode("gb18030")
    assert examine(written(tmp_path, content)) == CsvText(encoding="gb18030", lines=300_001)


def test_a_character_may_lie_across_two_pieces(tmp_path: Path) -> None:
    """The file is decoded in pieces that may end within a character."""
    content = "白".encode() * 1_000_000
    assert examine(written(tmp_path, content)).encoding == "utf-8"


@pytest.mark.parametrize(
    "content",
    [b"a,b\n\xff\xff\xff\n", b"\xef\xbb\xbfa,b\n\xff\n", b"\xff\xfea\x00,\x00b", "a,b\n白".encode("gb18030")[:-1]],
)
def test_no_encoding_fits(tmp_path: Path, content: bytes) -> None:
    """Bytes of no encoding, or of another than their mark says, are refused, not replaced."""
    with pytest.raises(UnreadableFileError, match="no known encoding"):
        examine(written(tmp_path, content))


@pytest.mark.parametrize(
    ("text", "header_row", "mark"),
    [
        ("a,b,c\n1;2;3;4;5\n", 1, ","),
        ("a;b;c\n1,5;2,5;3,5\n", 1, ";"),
        ("a\tb\tc\n", 1, "\t"),
        ('"a,b";"c,d";e\n', 1, ";"),
        ('"a;b;c;d",e\n', 1, ","),
        ("only\n1\n", 1, ","),
        ("a title, with a comma, or two\n\na;b;c;d\n", 3, ";"),
        ("", 1, ","),
        ("a;b\n", 5, ","),
    ],
)
def test_the_header_row_tells_the_delimiter(tmp_path: Path, text: str, header_row: int, mark: str) -> None:
    """What cuts the headers into the most cells is the delimiter, quotes respected; else it is the comma."""
    assert delimiter(written(tmp_path, text.encode()), "utf-8", header_row) == mark
