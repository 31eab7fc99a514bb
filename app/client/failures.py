"""Failed jobs by their cause."""

from collections.abc import AsyncIterator
from datetime import datetime

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.failures import Cause, Retried
from app.client.transport import Transport

_LONG_S = 60.0  # a retry takes ten seconds at most, beside what it waits for


class Failures:
    """Causes of failures. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None, since: datetime | None = None) -> AsyncIterator[Cause]:
        """Give causes, the one seen last first, at most so many."""
        return items_of(self._transport, path_of("failures"), Cause, most=most, since=since)

    async def retry(self, fingerprint: str) -> Retried:
        """Run all that failed of a cause once more, however many; give the sums."""
        total = Retried(retried=0, skipped=0, remaining=0, next_cursor=None)
        while True:
            request = Request(
                method="POST",
                path=path_of("failures", fingerprint, "retry"),
                query={"cursor": total["next_cursor"]},
                within_s=_LONG_S,
            )
            some = await self._transport.ask(request, Retried)
            total = Retried(
                retried=total["retried"] + some["retried"],
                skipped=total["skipped"] + some["skipped"],
                remaining=some["remaining"],
                next_cursor=some["next_cursor"],
            )
            if total["next_cursor"] is None:
                return total
