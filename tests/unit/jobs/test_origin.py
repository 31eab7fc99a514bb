"""Where a job comes from: W3C's rules for `traceparent`, and what is kept with a job."""

from contextvars import copy_context

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.origin import Origin, come_from, current_origin, read_traceparent
from jobs.payload import frame_of, read_payload, write_payload

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WHOLE = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(
    ("sent", "handed_on"),
    [
        (WHOLE, WHOLE),
        (f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-00"),
        (f"00-{TRACE}-{PARENT}-02", f"00-{TRACE}-{PARENT}-02"),
        (f"00-{TRACE}-{PARENT}-fd", WHOLE),
        (f"cc-{TRACE}-{PARENT}-01", WHOLE),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", WHOLE),
    ],
)
def test_a_trace_context_is_handed_on(sent: str, handed_on: str) -> None:
    """Of flags that are not known zero; of a later version what it has in common with this one."""
    assert read_traceparent(sent) == handed_on


@pytest.mark.parametrize(
    "sent",
    [
        *(None, "", "-", "00", TRACE, f"00-{TRACE}", f"00-{TRACE}-{PARENT}", f"00-{TRACE}-{PARENT}-"),
        *(f"ff-{TRACE}-{PARENT}-01", f"0-{TRACE}-{PARENT}-01", f".0-{TRACE}-{PARENT}-01"),
        *(f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01"),
        *(f"00-{TRACE.upper()}-{PARENT}-01", f"00-{TRACE}-{PARENT.upper()}-01", f"00-{TRACE}-{PARENT}-0A"),
        *(f"00-{TRACE[:-1]}-{PARENT}-01", f"00-{TRACE}0-{PARENT}-01", f"00-{TRACE}-{PARENT}-1"),
        *(f"{WHOLE}-", f"{WHOLE}-more", f"{WHOLE}.", f"{WHOLE}\n", f" {WHOLE}", f"cc-{TRACE}-{PARENT}-01.more"),
        f"00-{TRACE}-{PARENT}-0\u0661",
    ],
)
def test_what_is_no_trace_context_counts_as_none(sent: str | None) -> None:
    """By the standard's own list of what is invalid."""
    assert read_traceparent(sent) is None


@example("{}", False)  # noqa: FBT003
@given(st.text(alphabet=[chr(code) for code in range(33, 127)], min_size=1, max_size=128), st.booleans())
def test_an_origin_is_kept_as_one_text(request_id: str, is_traced: bool) -> None:  # noqa: FBT001  drawn
    """It comes back, also by way of a payload, of one call or of many."""
    origin = Origin(request_id, WHOLE if is_traced else None)
    kept = str(origin)
    assert Origin.of(kept) == origin
    assert origin.fields == {"request": request_id, **({"trace": TRACE} if is_traced else {})}
    payload = write_payload("f", {"a": 1}, enqueued_ms=1, origin=kept)
    assert read_payload(payload).origin == kept
    before, after = frame_of("f", enqueued_ms=1, origin=kept)
    assert (before + '{"a":1}' + after).encode() == payload


@pytest.mark.parametrize("forged", ["", "a b", "a\nb", "a\x00", "x" * 129, f"a {WHOLE} ", f" {WHOLE}"])
def test_a_payload_is_believed_no_origin_that_is_none(forged: str) -> None:
    """Anybody may write one, and what is in it would go into logs and rows."""
    assert Origin.of(forged) is None
    context = copy_context()
    context.run(come_from, forged)
    assert context.run(current_origin) is None
    assert read_payload(b'{"t":null,"f":"f","a":[],"k":{},"et":1,"o":7}').origin is None
