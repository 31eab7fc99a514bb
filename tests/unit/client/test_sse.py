"""Server-sent events read from bytes, however those are cut."""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.client.errors import ForeignAnswerError
from app.client.events import BatchEvent, JobEvent, ProgressEvent, ResetEvent, event_of
from app.client.sse import Block, blocks

STREAM = (
    "retry: 1500\n\n"
    ": alive\nid: 1-0\n\n"
    'event: job\nid: 2-0\ndata: {"id":"j",\ndata:"text":"\N{LINE SEPARATOR} no end"}\n\n'
    "event: new\r\ndata: 1\r\n\r\n"
    "data\r\r"
    "event: cut off\ndata: 1\n"
).encode()
READ = [
    Block(retry_ms=1500),
    Block(id="1-0"),
    Block(name="job", id="2-0", data='{"id":"j",\n"text":"\N{LINE SEPARATOR} no end"}'),
    Block(name="new", data="1"),
    Block(data=""),
]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Give bytes as they come."""
    for part in parts:
        yield part


@given(st.sets(st.integers(min_value=1, max_value=len(STREAM) - 1), max_size=8))
async def test_blocks_are_the_same_however_the_bytes_are_cut(places: set[int]) -> None:
    """Within a line, a character, or a CRLF; what its end has cut off is left out."""
    edges = [0, *sorted(places), len(STREAM)]
    parts = [STREAM[start:end] for start, end in pairwise(edges)]
    assert [block async for block in blocks(chunks(*parts))] == READ


def test_events_are_told_apart_by_their_names() -> None:
    """One that this client does not know is passed over, as is a heart-beat."""
    assert event_of(Block(name="job", id="1", data='{"id": "j"}')) == JobEvent(id="1", change={"id": "j"})
    assert event_of(Block(name="progress", data='{"id": "j"}')) == ProgressEvent(change={"id": "j"})
    assert isinstance(event_of(Block(name="batch", data="{}")), BatchEvent)
    reset = event_of(Block(name="reset", data='{"reason": "lost"}'))
    assert reset == ResetEvent(id=None, reason="lost", instead=None)
    assert event_of(Block(name="new", data="1")) is None
    assert event_of(Block(id="1")) is None
    with pytest.raises(ForeignAnswerError):
        event_of(Block(name="job", data="<html>"))
