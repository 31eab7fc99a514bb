"""What the owner of a job may read of a traceback."""

from pathlib import Path

import pytest

from jobs.tracebacks import traceback_of

_ROOT = str(Path(__file__).resolve().parents[3])


def _raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_no_path_of_the_server_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are named from where they were imported, others by their names alone; also those of a cause."""
    monkeypatch.syspath_prepend(_ROOT)
    remote = RuntimeError('Traceback:\n  File "/srv/secret/place/shop.py", line 1, in sell')
    text = traceback_of(_raised(ValueError("no"), remote))
    assert 'File "tests/unit/jobs/test_tracebacks.py", line' in text
    assert 'File "shop.py", line 1, in sell' in text
    assert text.endswith("ValueError: no\n")
    assert _ROOT not in text
    assert "secret" not in text


def test_it_is_bounded_from_the_end() -> None:
    """The innermost frames and the error itself say most; no line is cut, where there is more than one."""

    def stumble(depth: int) -> None:
        fall(depth - 1)

    def fall(depth: int) -> None:
        if depth < 0:
            raise ValueError("at the bottom")
        stumble(depth)

    with pytest.raises(ValueError, match="bottom") as caught:
        fall(200)
    text = traceback_of(caught.value)
    assert len(text.encode()) <= 4_096
    assert text.startswith("  ")
    assert text.endswith("ValueError: at the bottom\n")
    assert traceback_of(_raised(ValueError("\u4f60" * 5_000))).endswith("\u4f60\n")


def test_postgresql_can_hold_it() -> None:
    """No NUL, no half characters."""
    assert "a\ufffd?b" in traceback_of(_raised(ValueError("a\x00\ud800b")))


def test_what_was_not_raised_has_none() -> None:
    """It is a verdict of ours, not an error of the task's."""
    assert traceback_of(ValueError("a verdict")) == ""
