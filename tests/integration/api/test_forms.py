"""Multipart forms: in which alphabets they may be written, and what becomes of names that cannot be read."""

import httpx
import pytest

PATH = "/api/data-sync/files"
_FIELDS = {b"platform": b"shop", b"shop_id": b"s1", b"domain": b"orders", b"granularity": b"daily"}
_CSV = b"order_no\n1\n"


def _form(*, filename: bytes = b"orders.csv", **more: bytes) -> bytes:
    """Write a form byte by byte, as no client does that knows what is right."""
    fields = {**_FIELDS, **{name.encode(): value for name, value in more.items()}}
    parts = [b'name="%b"\r\n\r\n%b' % field for field in fields.items()]
    parts.append(b'name="file"; filename="%b"\r\n\r\n%b' % (filename, _CSV))
    return b"".join(b"--x\r\nContent-Disposition: form-data; %b\r\n" % part for part in parts) + b"--x--\r\n"


async def _send(
    web: httpx.AsyncClient, form: bytes, *, kind: str = "multipart/form-data", more: str = ""
) -> httpx.Response:
    return await web.post(PATH, content=form, headers={"Content-Type": f"{kind}; boundary=x{more}"})


@pytest.mark.parametrize("charset", ["", "utf-8", '"UTF-8"', "utf8", "us-ascii", "ASCII"])
async def test_a_form_may_say_that_it_is_in_utf_8(web: httpx.AsyncClient, charset: str) -> None:
    """In each usual spelling, as a part of it, or not at all."""
    answer = await _send(web, _form(), more=f"; charset={charset}" if charset else "")
    assert (answer.status_code, answer.json()["name"]) == (201, "orders.csv"), answer.text


@pytest.mark.parametrize(
    ("charset", "form"),
    [
        ("punycode", _form(sub_domain=b"a" * 2_000)),  # quadratic in the text's length
        ("punycode", _form(sub_domain=b"a-\xff")),
        ("undefined", _form()),
        ("utf-7", _form(filename=b"+2AA-.csv")),  # a lone surrogate
        ("unicode_escape", _form(filename=b"\\ud800.csv")),
        ("utf-16", _form()),
        ("latin-1", _form()),
        ("no-such", _form()),
        ("utf-8; charset=utf-7", _form(filename=b"+2AA-.csv")),
        ('"', _form()),
    ],
)
async def test_no_other_alphabet_is_read(web: httpx.AsyncClient, charset: str, form: bytes) -> None:
    """415, which says what to do, before anything is decoded."""
    answer = await _send(web, form, more=f"; charset={charset}")
    assert (answer.status_code, answer.json()["type"]) == (415, "unsupported-media-type"), answer.text
    assert "charset=utf-8" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["multipart/form-dataX", "multipart/form-data-too", "multipart", "multipart/mixed"])
async def test_only_the_very_type_is_a_form(web: httpx.AsyncClient, kind: str) -> None:
    """415 for others, also for those that begin like it."""
    answer = await _send(web, _form(), kind=kind)
    assert (answer.status_code, answer.json()["type"]) == (415, "unsupported-media-type"), answer.text
    assert (await _send(web, _form(), kind="Multipart/Form-Data ")).status_code == 201


@pytest.mark.parametrize("charset", ["", "; charset=us-ascii"])
async def test_bytes_that_are_no_utf_8_are_read_byte_by_byte(web: httpx.AsyncClient, charset: str) -> None:
    """In the file's name and in a field: the file is taken in, or the field refused."""
    named = await _send(web, _form(filename=b"\xed\xa0\x80\xff.csv"), more=charset)
    assert (named.status_code, named.json()["name"]) == (201, "\xed\xa0\x80\xff.csv"), named.text
    wrong = await _send(web, _form(domain=b"\xed\xa0\x80"), more=charset)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/domain"), wrong.text
    unknown = await _send(web, _form(colour=b"\xff"), more=charset)
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/colour"), unknown.text
