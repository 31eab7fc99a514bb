"""The JSON codec of what goes into Redis and PostgreSQL. It never reads pickle."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from jobs.contract import JobExecutionFailed
from jobs.errors import JobFailedError

LARGEST_RESULT = 16 << 20  # bytes: all of it goes through both stores
MOST_LEVELS = 200  # of what is stored
_LEVELS = 254  # that orjson writes: answers put what is stored into lists and objects of their own
_PICKLE_START = b"\x80"
_ERROR = "__error__"
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def dumps(value: Any) -> bytes:  # noqa: ANN401  any JSON value is a value
    """Encode a value as JSON. An exception becomes {"__error__": its type's name, "message": its text}.

    Takes what orjson takes: also datetimes, dates, UUIDs, dataclasses and keys that are no text. Raises
    TypeError for anything else.
    """
    return orjson.dumps(value, default=_encode, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def embed(encoded: bytes) -> object:
    """Give a value that `dumps` puts in as it is: it was encoded before."""
    return orjson.Fragment(encoded)


def loads(data: bytes) -> Any:  # noqa: ANN401  the same
    """Decode what `dumps` made; an encoded exception comes back as CancelledError or arq's JobExecutionFailed.

    Raises ValueError for anything that is no JSON, and says so plainly where it is a pickle.
    """
    return _restore(loads_plain(data))


def loads_plain(data: bytes) -> Any:  # noqa: ANN401  the same
    """Decode like `loads`, but leave an encoded exception the object that it is in JSON."""
    if data[:1] == _PICKLE_START:
        raise ValueError("this is a pickle; Switchyard reads JSON only: set arq's serializer to jobs.codec.dumps")
    return orjson.loads(data)


def error(kind: str, message: str) -> Mapping[str, str]:
    """Give what `dumps` makes of an exception of which only the type's name and the text are left."""
    return {_ERROR: kind, "message": message}


def error_of(encoded: Mapping[str, object]) -> tuple[str, str]:
    """Give type and text of an exception as `dumps` writes it and `loads_plain` reads it; empty where it is none."""
    return str(encoded.get(_ERROR, "")), str(encoded.get("message", ""))


def dumps_text(value: Any) -> str:  # noqa: ANN401  the same
    """Encode a value for a jsonb column, which cannot hold NUL: each becomes U+FFFD."""
    return clean_json(dumps(value).decode())


def dumps_result(value: Any) -> bytes:  # noqa: ANN401  the same
    """Encode what a task gives back.

    Raises TypeError also where it is nested too deep to be shown among others, JobFailedError where it is too large.
    """
    encoded = check_levels(value, dumps_text(value).encode())
    if len(encoded) > LARGEST_RESULT:
        raise JobFailedError(
            f"its result is {len(encoded):,} bytes; {LARGEST_RESULT:,} may be kept: store it elsewhere"
        )
    return encoded


def check_levels(value: object, encoded: bytes) -> bytes:
    """Give what a value was encoded as; raises TypeError where it is nested deeper than MOST_LEVELS."""
    if encoded.count(b"[") + encoded.count(b"{") > MOST_LEVELS:
        for _ in range(_LEVELS - MOST_LEVELS):
            value = [value]
        try:
            dumps(value)
        except TypeError:
            raise TypeError(f"is nested deeper than {MOST_LEVELS} levels") from None
    return encoded


def clean_json(text: str) -> str:
    """Make encoded JSON one that a jsonb column stores: without NUL."""
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def holds_nul(encoded: bytes) -> bool:
    """Say whether a value that `dumps` encoded has a NUL in one of its texts."""
    return b"\\u0000" in encoded and _NUL.search(encoded.decode()) is not None


def clean_text(text: str) -> str:
    """Make a text one that PostgreSQL stores: no NUL, no lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _encode(value: Any) -> Any:  # noqa: ANN401  orjson hands over what it does not know
    if isinstance(value, BaseException):
        return error(type(value).__name__, str(value))
    if isinstance(value, UUID):  # a subclass, such as asyncpg's; UUID itself never comes here
        return str(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _restore(value: Any) -> Any:  # noqa: ANN401  the same
    if isinstance(value, dict):
        if value.keys() == {_ERROR, "message"}:
            if value[_ERROR] == asyncio.CancelledError.__name__:
                return asyncio.CancelledError(value["message"])
            return JobExecutionFailed(f"{value[_ERROR]}: {value['message']}")
        return {key: _restore(item) for key, item in value.items()}
    return [_restore(item) for item in value] if isinstance(value, list) else value
