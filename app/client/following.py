"""A stream of events that goes on after a broken connection, where it was: no event is missed, none comes twice."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus

from app.client.errors import ClientError, ForeignAnswerError
from app.client.events import Event, event_of
from app.client.request import Request
from app.client.sse import blocks
from app.client.transport import Transport, Tries

_SILENCE_S = 45.0  # three heart-beats
_RETRY_MS = 1_000


class Following:
    """One stream. `last_id` is where it is: who was told it and comes back with it is told what follows."""

    def __init__(
        self, transport: Transport, path: str, *, ends: Callable[[Event], bool] | None, last_id: str | None = None
    ) -> None:
        """Follow what there is at this path; `ends` tells the last event, None where there is none."""
        self._transport = transport
        self._path = path
        self._ends = ends
        self._retry_ms = _RETRY_MS
        self._is_over = False
        self._tries: Tries | None = None  # since something was last heard
        self.last_id = last_id

    async def events(self) -> AsyncGenerator[Event, None]:
        """Give the events, up to the end if there is one. Raises ClientErrors once the client's patience is over."""
        while not self._is_over:
            try:
                async with aclosing(self._once()) as once:
                    async for event in once:
                        yield event
            except ClientError as error:
                self._tries = self._tries or self._transport.begin()
                await self._transport.pause(error, self._request(), self._tries)
            else:
                if not self._is_over:  # a web process that stops ends its streams: another one goes on
                    await asyncio.sleep(random.uniform(0.5, 1.0) * self._retry_ms / 1000)  # noqa: S311  no secret

    def _request(self) -> Request:
        headers: Mapping[str, str] = {} if self.last_id is None else {"Last-Event-ID": self.last_id}
        return Request(method="GET", path=self._path, headers=headers, is_repeatable=True, within_s=_SILENCE_S)

    async def _once(self) -> AsyncGenerator[Event, None]:
        async with self._transport.stream(self._request()) as answer:
            if answer.status_code == HTTPStatus.NO_CONTENT:  # it has ended, and we were told so
                self._is_over = True
                return
            if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
                raise ForeignAnswerError(f"{answer.request.url} gives no events: is this the address of a Switchyard?")
            async with aclosing(blocks(answer.aiter_bytes())) as told:
                async for block in told:
                    self._tries = None
                    self._retry_ms = self._retry_ms if block.retry_ms is None else block.retry_ms
                    event = event_of(block)
                    if event is not None:
                        self._is_over = self._ends is not None and self._ends(event)
                        yield event
                    # Only now: who gives up while he has the event in his hands is told it once more.
                    self.last_id = block.id or self.last_id
                    if self._is_over:
                        return
