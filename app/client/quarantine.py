"""Rows of files that were set aside: looked at, mended, loaded after all."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.quarantine import QuarantinedRow, Replayed, ReplayedRows
from app.client.transport import Transport

_LONG_S = 60.0  # each row is loaded by itself


class Quarantine:
    """Rows that were set aside. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, file_id: str, *, most: int | None = None, after: int = 0) -> AsyncIterator[QuarantinedRow]:
        """Give a file's rows that are set aside, by number, at most so many, those after row `after`."""
        path = path_of("data-sync", "files", file_id, "quarantine")
        return items_of(self._transport, path, QuarantinedRow, most=most, cursor=after)

    async def replay(self, file_id: str, row_number: int, mended: Mapping[str, Any] | None = None) -> Replayed:
        """Load one row, with other values for the fields that `mended` names. InvalidInputError: it is still wrong."""
        request = Request(
            method="POST",
            path=path_of("data-sync", "files", file_id, "quarantine", str(row_number), "replay"),
            body={"row": {**(mended or {})}},
        )
        return await self._transport.ask(request, Replayed)

    async def replay_all(self, file_id: str) -> ReplayedRows:
        """Load all that can be loaded by now, as it is, however many rows; give the sums."""
        total = ReplayedRows(replayed=0, failed=[], next_cursor=None)
        while True:
            request = Request(
                method="POST",
                path=path_of("data-sync", "files", file_id, "quarantine", "replay"),
                query={"limit": 200, "cursor": total["next_cursor"]},
                within_s=_LONG_S,
            )
            some = await self._transport.ask(request, ReplayedRows)
            total = ReplayedRows(
                replayed=total["replayed"] + some["replayed"],
                failed=[*total["failed"], *some["failed"]],
                next_cursor=some["next_cursor"],
            )
            if total["next_cursor"] is None:
                return total
