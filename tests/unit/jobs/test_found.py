"""A result is read as the end of its run, whoever has left it, or is refused in one way."""

import pytest

from jobs import codec
from jobs.found import end_of
from jobs.model import State

_TOLD = {"s": True, "r": {"a": 1}, "ft": 1_764_000_000_000, "t": 2}


def test_a_result_says_how_its_run_has_ended() -> None:
    """With when, and after how many tries, where it says that."""
    assert end_of("t", codec.dumps(_TOLD)) == (State.SUCCEEDED, 1_764_000_000_000, 2, b"", b'{"a":1}')
    assert end_of("t", codec.dumps(_TOLD | {"t": None})).tries == 0


def test_a_failure_keeps_its_fingerprint() -> None:
    """Whatever else another release has written beside it."""
    failure = {"type": "E", "message": "m", "fingerprint": "f"}
    end = end_of("t", codec.dumps(_TOLD | {"s": False, "state": "failed", "failure": failure | {"more": 1}}))
    assert (end.state, codec.loads(end.error)) == (State.FAILED, failure)


@pytest.mark.parametrize(
    "result",
    [
        *(b"", b"null", b"1", b"[1]", b'"x"', b"{}", b"{", b"\x80\x05", b'{"s":true,"r":1}', b'{"s":true,"ft":1}'),
        *(codec.dumps(_TOLD | {"t": tries}) for tries in ("x", [1], -1, 2**31)),
        *(codec.dumps(_TOLD | {"ft": at}) for at in ("x", None, -1, 10**18)),
        *(codec.dumps(_TOLD | {"state": state}) for state in ("", "running", "bogus")),
        codec.dumps(_TOLD | {"s": False, "failure": {"type": "E"}}),
        b'{"s":true,"ft":1e999,"r":1}',
        b'{"s":true,"ft":1,"r":%b}' % (b"[" * 300 + b"]" * 300),
    ],
)
def test_what_is_none_is_refused(result: bytes) -> None:
    """By the one error that its readers know."""
    with pytest.raises(ValueError):  # noqa: PT011  orjson's and codec's own among them
        end_of("t", result)
