"""deploy/redis/users.acl beside the code: every command that some script or module names is allowed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from redis.asyncio import Redis

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "jobs", "ratelimit")
ALLOWED = set(
    re.findall(r"\+([\w|]+)", (ROOT / "deploy/redis/users.acl").read_text(encoding="utf-8").partition(" -@all ")[2])
)
# What redis-py calls otherwise, and what of it sends nothing by itself.
NAMES = {"delete": "del", "xpending_range": "xpending", "xgroup_create": "xgroup|create"}
NAMES |= {"xgroup_delconsumer": "xgroup|delconsumer"} | dict.fromkeys(
    ("xinfo_consumers", "xinfo_groups", "xinfo_stream"), "xinfo"
)
SILENT = {"aclose", "client", "execute_command", "pipeline", "pubsub", "register_script", "sentinel"}
OF_THE_API = ("app/cli", "app/client")  # their clients are none of Redis
CLIENT = r"\b_?(?:blocking|client|connection|limiting|listening|pipe|pipeline|pubsub|redis|tailing)\.([a-z_]+)\b"


def test_scripts_call_what_is_allowed() -> None:
    """Their commands are held to the rights of who runs them."""
    called = set(_found("*.lua", r"redis\.p?call\(\s*['\"]((?:XGROUP', ')?[A-Z]+)"))
    assert len(called) > 40
    assert {name.lower().replace("', '", "|") for name in called} <= ALLOWED


def test_modules_send_what_is_allowed() -> None:
    """As far as the names of variables tell which ones are clients."""
    called = {name for name in _found("*.py", CLIENT, without=OF_THE_API) if hasattr(Redis, name)} - SILENT
    assert len(called) > 30
    assert {NAMES.get(name, name) for name in called} <= ALLOWED


def _found(pattern: str, expression: str, *, without: Sequence[str] = ()) -> Iterator[str]:
    """Give what matches in all files of the packages but those in the folders `without`."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob(pattern):
            if not any(path.is_relative_to(ROOT / folder) for folder in without):
                yield from re.findall(expression, path.read_text(encoding="utf-8"))
