"""Names: job ids, which are UUIDv7 (RFC 9562) in hex, so that their text order is their order in time; of others.

They let nobody in anywhere, so that their noise may come from a generator that the system has only seeded: to ask the
system each time costs as much as all else of an id.
"""

import hashlib
import os
import random
import secrets
import socket
import time

_RANDOM_BITS = 74
_NOISE_DIGITS = 20  # 19 are needed; of the fourth, two bits
_REQUEST_BITS = 128
_VARIANTS = {digit: "89ab"[int(digit, 16) // 4] for digit in "0123456789abcdef"}

_noise = random.Random()  # noqa: S311  no secrets. Not the module's own, which a task may seed as it likes
os.register_at_fork(after_in_child=_noise.seed)


def new_job_id(now_ms: int | None = None) -> str:
    """Make an id of 32 hex digits: 48 bits of Unix milliseconds, version and variant, 74 random bits."""
    moment = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    return _uuid7(moment, _noise.getrandbits(_RANDOM_BITS))


def job_id_of(cause: str, moment_ms: int) -> str:
    """Make the id of the one job that a cause has at a moment: the same whoever makes it, of the same form."""
    digest = hashlib.sha256(f"{moment_ms} {cause}".encode()).digest()
    return _uuid7(moment_ms, int.from_bytes(digest) >> (len(digest) * 8 - _RANDOM_BITS))


def new_job_ids(amount: int) -> list[str]:
    """Make so many ids of one moment, which rise: so indexes that begin with the time grow at one end only."""
    moment = f"{(time.time_ns() // 1_000_000) & ((1 << 48) - 1):012x}"
    noise = secrets.token_hex(_NOISE_DIGITS * amount // 2)
    parts = (noise[at : at + _NOISE_DIGITS] for at in range(0, len(noise), _NOISE_DIGITS))
    return sorted(f"{moment}7{part[:3]}{_VARIANTS[part[3]]}{part[4:19]}" for part in parts)


def new_request_id() -> str:
    """Make an id of 32 hex digits for a request that has brought none."""
    return f"{_noise.getrandbits(_REQUEST_BITS):032x}"


def new_process_name() -> str:
    """Make a name that tells where a process runs, and that no other has had: host, process id, noise."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"


def _uuid7(moment_ms: int, noise: int) -> str:
    high, low = noise >> 62, noise & ((1 << 62) - 1)
    value = (moment_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return f"{value:032x}"
