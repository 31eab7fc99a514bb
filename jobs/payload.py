"""What a job is to do, as it travels in arq's payload. Written and read here alone; it knows no task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs import codec

_MOST_TRIES = 10_000  # that a stock client may have counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A call: of which function, with which arguments. Those of ours are all given by name.

    `tries_before` is how many tries a stock client has counted before it enqueued (arq's `_job_try`); `origin` is where
    the job comes from (jobs.origin), None for theirs.
    """

    function: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any]
    enqueued_ms: int
    tries_before: int = 0
    origin: str | None = None


def read_payload(encoded: bytes, loads: Callable[[bytes], Any] = codec.loads_plain) -> Payload:
    """Decode; raises ValueError, which says why it cannot be read."""
    try:
        told = loads(encoded)
        return Payload(
            function=_is(told["f"], str),
            args=_is(told["a"], list, tuple),
            kwargs=_is(told["k"], dict),
            enqueued_ms=told["et"],
            tries_before=min(max(int(told["t"] or 1) - 1, 0), _MOST_TRIES),
            origin=origin_in(told),
        )
    except Exception as error:  # a codec of the user's own may raise anything
        raise ValueError(f"its payload cannot be read: {error}") from error


def _is(value: Any, *types: type) -> Any:  # noqa: ANN401  what a stock client has written
    if not isinstance(value, types):
        raise TypeError(f"{type(value).__name__} where {types[0].__name__} should be")
    return value


def origin_in(call: Mapping[str, Any]) -> str | None:
    """Give where a job comes from, as its decoded payload says: it may be forged (`Origin.of`)."""
    origin = call.get("o")
    return origin if isinstance(origin, str) else None


def frame_of(function: str, *, enqueued_ms: int, origin: str | None) -> tuple[str, str]:
    """Give what stands before and after the encoded arguments by name: of many calls that differ in those alone."""
    before, after = write_payload(function, {}, enqueued_ms=enqueued_ms, origin=origin).decode().split("{}", 1)
    return before, after


def write_payload(function: str, kwargs: Mapping[str, Any], *, enqueued_ms: int, origin: str | None) -> bytes:
    """Encode as arq does: no try so far, function, arguments by place (none) and by name, ms of enqueueing.

    A job that comes from a request has one field more, which arq does not read.
    """
    call: dict[str, Any] = {"t": None, "f": function, "a": [], "k": kwargs, "et": enqueued_ms}
    return codec.dumps(call if origin is None else {**call, "o": origin})
