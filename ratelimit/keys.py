"""Every Redis key of this package, with its type. No other module spells one."""

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from ratelimit.bucket import BucketRequest

# Before a colon and the name of a bucket: string with PX, `debt:us:unit`; lua/acquire.lua has the units.
BUCKETS = "switchyard:bucket"

_LONGEST = 200
_LONGEST_WORD = 50
_SPECIAL = re.compile("[%/#]")
_GLOB = re.compile(r"([*?\[\]\\^-])")


@lru_cache(maxsize=4096)
def bucket(policy: str, key: str) -> bytes:
    """Name a bucket by its policy and whose it is; no two have one name.

    A name above 200 bytes keeps the policy as far as that is short, and the rest as a hash: names come from outside.
    """
    name = joined((policy, key)).encode("utf-8", "surrogatepass")
    if len(name) <= _LONGEST:
        return name
    return name[:_LONGEST_WORD].partition(b"/")[0] + b"#" + sha256(name).hexdigest().encode()


def bucket_of(asked: BucketRequest | str) -> bytes:
    """Name the bucket of a request; a text is a name."""
    return asked.encode() if isinstance(asked, str) else bucket(asked.policy, asked.key)


def joined(words: Iterable[str]) -> str:
    """Join words by `/`, which is escaped within them: no two lists of words give one text."""
    return "/".join(_SPECIAL.sub(_escaped, word) for word in words)


def glob(text: str) -> str:
    """Give the pattern that only this text matches."""
    return _GLOB.sub(r"\\\1", text)


def _escaped(found: re.Match[str]) -> str:
    return f"%{ord(found[0]):02X}"
