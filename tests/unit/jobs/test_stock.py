"""The settings of stock arq workers: which classes there are, and what arq is told of an address."""

import os
from typing import Any

import pytest
from arq.worker import get_kwargs
from redis.asyncio import SSLConnection, UnixDomainSocketConnection

import jobs.stock
from jobs import codec
from jobs.addresses import redis_address
from jobs.errors import SettingsError, TaskTableError
from jobs.stock import classes, redis_settings

GOOD = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://user:p%40ss%2Fword@h:6380/3"}


def _read(settings: type) -> dict[str, Any]:
    """Give what arq's command reads off a class."""
    return dict(get_kwargs(settings))


@pytest.fixture
def _environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JOBS_")]:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_each_queue_has_a_class() -> None:
    """Its name is the queue's in capitals."""
    assert classes(["data_sync", "scheduled", "very-slow_9"]) == {
        "DataSync": "data_sync",
        "Scheduled": "scheduled",
        "VerySlow9": "very-slow_9",
    }


def test_two_queues_share_no_class() -> None:
    """Nobody could tell which of them it runs."""
    with pytest.raises(TaskTableError, match=r"a_b and a-b would share the class jobs\.stock\.AB"):
        classes(["a_b", "a-b"])


@pytest.mark.usefixtures("_environ")
def test_a_class_is_what_arq_reads() -> None:
    """All that arq's command hands to its worker."""
    kwargs = _read(jobs.stock.DataSync)
    assert kwargs["queue_name"] == "arq:queue:data_sync"
    assert {"sync_file", "canary"} < {function.name for function in kwargs["functions"]}
    assert (kwargs["keep_result"], kwargs["allow_abort_jobs"], kwargs["max_jobs"]) == (86_400, True, 10)
    assert kwargs["job_serializer"].__func__ is codec.dumps


@pytest.mark.usefixtures("_environ")
def test_a_class_is_made_for_the_settings_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its slots, and how long it waits at a stop."""
    monkeypatch.setenv("JOBS_STOCK_SLOTS", "3")
    monkeypatch.setenv("JOBS_DRAIN_S", "1.5")
    kwargs = _read(jobs.stock.Scheduled)
    assert (kwargs["max_jobs"], kwargs["job_completion_wait"]) == (3, 2)


@pytest.mark.usefixtures("_environ")
def test_what_a_worker_could_not_start_with_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong settings with all mistakes; a queue that there is not with those that there are."""
    with pytest.raises(AttributeError, match="the classes are DataSync, DataProcessing, Scheduled"):
        _ = jobs.stock.Nothing
    monkeypatch.setenv("JOBS_TYPO", "1")
    with pytest.raises(SettingsError, match="JOBS_TYPO"):
        _ = jobs.stock.DataSync


def test_an_address_is_put_as_arq_has_it() -> None:
    """Passwords decoded, certificates looked at."""
    told = redis_settings(redis_address(GOOD["REDIS_URL"]))
    assert (told.host, told.port, told.database) == ("h", 6380, 3)
    assert (told.username, told.password, told.ssl, told.sentinel) == ("user", "p@ss/word", False, False)
    told = redis_settings(redis_address("rediss://h?ssl_cert_reqs=none"))
    assert (told.ssl, told.ssl_cert_reqs, told.ssl_check_hostname) == (True, "none", False)
    assert redis_settings(redis_address("rediss://h")).ssl_check_hostname
    assert redis_settings(redis_address("unix:///run/redis.sock?db=2")).unix_socket_path == "/run/redis.sock"
    told = redis_settings(redis_address("redis+sentinel://:secret@a:1,b/name/4"))
    assert (told.sentinel, told.sentinel_master, told.database) == (True, "name", 4)
    assert (told.host, told.password) == ([("a", 1), ("b", 26379)], "secret")


def test_no_repr_shows_a_password() -> None:
    """As that of arq would."""
    told = redis_settings(redis_address(GOOD["REDIS_URL"]))
    assert "'h'" in repr(told)
    assert "ss/word" not in repr(told)


@pytest.mark.usefixtures("_environ")
@pytest.mark.parametrize(
    ("url", "kind"),
    [("unix:///run/redis.sock", UnixDomainSocketConnection), ("rediss://h?ssl_cert_reqs=none", SSLConnection)],
)
def test_a_worker_connects_as_ours_do(monkeypatch: pytest.MonkeyPatch, url: str, kind: type) -> None:
    """By every form of REDIS_URL, and with the patience to outlast an outage."""
    monkeypatch.setenv("REDIS_URL", url)
    pool = _read(jobs.stock.DataSync)["redis_pool"].connection_pool
    assert issubclass(pool.connection_class, kind)
    assert pool.connection_kwargs["retry"]._retries == 600  # noqa: SLF001  redis-py does not tell
