"""Whatever goes wrong with the stores, no process shows a password: not in its log, not in an answer."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.processes import ROOT, WORKER, web_process, worker_process
from tests.support.redis_with import redis_with

# Two marks, that a part of the whole is found as well.
_SECRET = "left-m4rk@/%:right-m4rk"  # noqa: S105
_ENCODED = quote(_SECRET, safe="")
_MARKS = ("left-m4rk", "right-m4rk")
_NOWHERE = "127.0.0.1:1"

_NOT_LET_IN = "redis://:{secret}@127.0.0.1:{port}"
_NOBODY = "redis://somebody:{secret}@" + _NOWHERE
_NO_SENTINELS = "redis+sentinel://u:{secret}@" + _NOWHERE + "/name?sentinel_password={secret}"
_NO_TLS = "rediss://:{secret}@127.0.0.1:{port}"
_NO_SOCKET = "unix:///nowhere/redis.sock?password={secret}"


@pytest.mark.parametrize("redis", [_NOT_LET_IN, _NOBODY, _NO_SENTINELS, _NO_TLS, _NO_SOCKET])
async def test_stores_that_cannot_be_reached(
    environ: dict[str, str], tmp_path: Path, unused_tcp_port: int, redis: str
) -> None:
    """A wrong password, nobody there, a server without TLS: all logs at their most talkative, all answers."""
    settings = {
        **environ,
        "REDIS_URL": redis.format(secret=_ENCODED, port=unused_tcp_port),
        "DATABASE_URL": f"postgresql://somebody:{_ENCODED}@{_NOWHERE}/name",
        "JOBS_LOG_LEVEL": "debug",
        "APP_LOG_LEVEL": "debug",
    }
    async with (
        redis_with(tmp_path, unused_tcp_port, {"requirepass": "another"}),
        worker_process(settings, "data_sync:1") as worker,
        web_process(settings) as (web, client),
    ):
        await worker.says("redis_awaited")
        answers = [
            await client.post("/api/jobs", json={"task": "diag.noop", "args": {}}),
            await client.get("/api/jobs/no-such-job"),
            await client.get("/readyz"),
            await client.get("/metrics"),
        ]
        assert [answer.status_code for answer in answers] == [503, 503, 503, 200]
        await web.says("end_signals_lost")
        for process in (worker, web):
            process.send(signal.SIGTERM)
            await process.ends(within_s=30)
    shown = [*worker.lines, *web.lines, *(answer.text for answer in answers), *(str(a.headers) for a in answers)]
    _assert_hidden("\n".join(shown))


async def test_a_wrong_password_of_the_database(environ: dict[str, str]) -> None:
    """The release step tells why it cannot connect, and not with what."""
    ended = _run(("-m", "app", "migrate"), {**environ, "DATABASE_URL": f"postgresql://u:{_ENCODED}@{_NOWHERE}/d"})
    assert ended.returncode == 1
    assert "Cannot migrate: PostgreSQL" in ended.stderr
    _assert_hidden(ended.stdout + ended.stderr)


@pytest.mark.parametrize(
    "wrong",
    [
        {"REDIS_URL": f"redis://u:{_SECRET}@h"},
        {"REDIS_URL": f"redis://u:{_ENCODED}@h?option={_ENCODED}"},
        {"REDIS_URL": f"redis+sentinel://u:{_ENCODED}@h"},
        {"REDIS_URL": f"{_ENCODED}"},
        {"DATABASE_URL": f"postgresql://u:{_SECRET}@h/d"},
        {"DATABASE_URL": f"postgresql://u:{_ENCODED}@h/d?sslmode={_ENCODED}"},
    ],
)
async def test_wrong_settings(environ: dict[str, str], wrong: dict[str, str]) -> None:
    """All three programs name the setting and end."""
    (name,) = wrong
    for command in (WORKER[1:], ("-m", "app", "migrate"), ("-c", "import app.main; app.main.create_app()")):
        ended = _run(command, {**environ, **wrong})
        assert ended.returncode in {1, 2}
        assert f"{name}: " in ended.stderr
        _assert_hidden(ended.stdout + ended.stderr)


def _run(command: tuple[str, ...], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def _assert_hidden(shown: str) -> None:
    for mark in _MARKS:
        assert mark not in shown
