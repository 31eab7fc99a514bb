"""Lists that go over pages: what follows a page is asked for when it is needed."""

from collections.abc import AsyncIterator, Sequence
from typing import TypedDict, TypeVar

from app.client.request import Request
from app.client.shaping import all_shaped
from app.client.transport import Transport

_MOST = 200  # that a page has

Item = TypeVar("Item")


class _Page(TypedDict):
    items: Sequence[object]
    next_cursor: object


async def items_of(
    transport: Transport,
    path: str,
    shape: type[Item],
    *,
    most: int | None = None,
    cursor: object = None,
    **query: object,
) -> AsyncIterator[Item]:
    """Give the items of a list, at most so many. Without `most` all, however many pages that takes.

    Those behind `cursor`, which stands for a place of this list; without it from the first on.
    """
    left = most
    while left is None or left > 0:
        limit = _MOST if left is None else min(left, _MOST)
        request = Request(
            method="GET", path=path, query={**query, "limit": limit, "cursor": cursor}, is_repeatable=True
        )
        page = await transport.ask(request, _Page)
        for item in all_shaped(page["items"], shape):
            yield item
        left = None if left is None else left - len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


async def all_of(transport: Transport, path: str, shape: type[Item], **query: object) -> Sequence[Item]:
    """Give the items of a list that has one page."""
    page = await transport.ask(Request(method="GET", path=path, query=query, is_repeatable=True), _Page)
    return all_shaped(page["items"], shape)
