"""How an error is written down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.outcome import failure_of


def _here(message: str) -> None:
    raise ValueError(message)


def _there(message: str) -> None:
    raise ValueError(message)


def _caught(place: Callable[[str], None], message: str) -> Exception:
    with pytest.raises(ValueError, match=message) as caught:
        place(message)
    return caught.value


def test_failures_of_one_cause_share_a_fingerprint() -> None:
    """Cause is task, type and place; the message is not part of it."""
    first = failure_of("t", _caught(_here, "order 1"))
    assert failure_of("t", _caught(_here, "order 2")).fingerprint == first.fingerprint
    assert failure_of("u", _caught(_here, "order 1")).fingerprint != first.fingerprint
    assert failure_of("t", _caught(_there, "order 1")).fingerprint != first.fingerprint
    assert failure_of("t", KeyError("order 1")).fingerprint != first.fingerprint


def test_a_message_can_be_stored_and_is_never_empty() -> None:
    """NUL and surrogates are replaced, what is endless is cut, silence becomes the type's name."""
    assert failure_of("t", ValueError("a\x00\ud800b")).message == "a\ufffd?b"
    assert len(failure_of("t", ValueError("x" * 10_000)).message) == 2_000
    assert failure_of("t", ValueError()).message == "ValueError"


class _MuteError(Exception):
    """One whose text cannot be had."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__()
        self._raised = raised

    def __str__(self) -> str:
        """Raise."""
        raise self._raised


@pytest.mark.parametrize("raised", [RuntimeError("no"), SystemExit(1)])
def test_an_error_whose_text_cannot_be_had_is_written_down(raised: BaseException) -> None:
    """Whatever its own code does."""
    failure = failure_of("t", _MuteError(raised).with_traceback(_caught(_here, "order 1").__traceback__))
    told = (failure.type, failure.message)
    assert told == ("_MuteError", f"its text cannot be had: {type(raised).__name__}")


def test_an_error_is_written_down_where_the_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a release was deleted under a worker, or a task has gone into a folder of its own."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.syspath_prepend("relative")
    monkeypatch.chdir(gone)
    gone.rmdir()
    failure = failure_of("t", _caught(_here, "order 1"))
    assert (failure.type, failure.message) == ("ValueError", "order 1")
    assert "in _here" in failure.traceback
