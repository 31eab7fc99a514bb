"""The queue's scripts on a real Redis, with a clock that only the test moves."""

from collections.abc import Iterator

import pytest

from tests.support.protocol import World, opened


@pytest.fixture
def world(redis_url: str) -> Iterator[World]:
    """Give an empty Redis with the scripts."""
    with opened(redis_url) as world:
        yield world
