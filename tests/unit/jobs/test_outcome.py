"""How an error is written down."""

from collections.abc import Callable

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
