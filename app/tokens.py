"""API keys and session tokens as texts: `sy_<id>_<secret>` and `ss_<id>_<secret>`. Pure, but for the randomness.

Prefix and id may be shown and logged: they tell people and secret scanners what was found, and which it is. The secret
ends with a checksum, so that a text that was cut or mistyped is refused without a look into any store. What is kept is
the SHA-256 of the whole text: it is long and random, so that a slow hash would only slow down each request.
"""

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from enum import StrEnum

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: none is taken for another
_ID_LENGTH = 12
_SECRET_LENGTH = 40  # 200 bits
_CHECK_LENGTH = 7  # the 32 bits of a CRC

_FORM = re.compile(f"(sy|ss)_([{_LETTERS}]{{{_ID_LENGTH}}})_[{_LETTERS}]{{{_SECRET_LENGTH + _CHECK_LENGTH}}}")
_ID = re.compile(f"(?:usr_)?[{_LETTERS}]{{{_ID_LENGTH}}}")


class Kind(StrEnum):
    """What a text is, by its prefix."""

    KEY = "sy"
    SESSION = "ss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A text that lets somebody in. `text` is told to him, once, and kept nowhere."""

    kind: Kind
    id: str
    text: str


def new_token(kind: Kind) -> Token:
    """Make one that nobody can guess."""
    token_id = _random(_ID_LENGTH)
    body = f"{kind}_{token_id}_{_random(_SECRET_LENGTH)}"
    return Token(kind=kind, id=token_id, text=body + _checksum(body))


def new_user_id() -> str:
    """Make the id of a user: what his things carry as their owner."""
    return f"usr_{_random(_ID_LENGTH)}"


def read_token(text: str) -> Token | None:
    """Read a text; None where it is none of ours, or not whole."""
    found = _FORM.fullmatch(text)
    if found is None or text[-_CHECK_LENGTH:] != _checksum(text[:-_CHECK_LENGTH]):
        return None
    return Token(kind=Kind(found[1]), id=found[2], text=text)


def is_id(text: str) -> bool:
    """Say whether a text has the form of an id of a user, key or session."""
    return _ID.fullmatch(text) is not None


def digest(text: str) -> bytes:
    """Give what is kept of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _checksum(body: str) -> str:
    rest, letters = zlib.crc32(body.encode()), []
    for _ in range(_CHECK_LENGTH):
        rest, last = divmod(rest, len(_LETTERS))
        letters.append(_LETTERS[last])
    return "".join(reversed(letters))
