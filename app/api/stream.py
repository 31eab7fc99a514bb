"""An answer that goes on: what a follower gives is sent until one of the two sides is gone."""

import asyncio
from contextlib import AbstractContextManager
from http import HTTPStatus

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app import sse
from app.connection import cut
from app.follower import Follower, Topic
from app.state import leave_untimed
from jobs.cancelling import cancel_until_ended
from jobs.live import Live

# Proxies must neither keep nor gather what is sent.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_GRACE_S = 0.5

log = structlog.stdlib.get_logger(__name__)


class EventStream(Response):
    """Sends a topic's events, as long as `login` is in force: that gives what is set once it is not.

    204 tells a browser that it need not come back: the end has been told.
    """

    media_type = sse.MEDIA_TYPE

    def __init__(
        self, live: Live, topic: Topic, *, last_id: str | None, login: AbstractContextManager[asyncio.Event]
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._live = live
        self._topic = topic
        self._last_id = last_id
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; return when the client has gone, the topic is over, or the process stops."""
        leave_untimed(scope)
        if scope["method"] == "HEAD":
            await self._start(send, HTTPStatus.OK)
            await send({"type": "http.response.body"})
            return
        with self._live.followed(self._topic.keys, roll=self._topic.roll) as subscription, self._login as revoked:
            follower = Follower(self._live, self._topic, subscription, last_id=self._last_id)
            sending = asyncio.create_task(self._send(follower, send))
            gone = asyncio.create_task(_until_gone(receive))
            over = asyncio.create_task(subscription.over.wait())
            refused = asyncio.create_task(revoked.wait())
            try:
                await asyncio.wait({sending, gone, over, refused}, return_when=asyncio.FIRST_COMPLETED)
                if refused.done():
                    subscription.end()
                if subscription.over.is_set() and not gone.done():
                    await _let_go(sending, gone, scope)
            finally:
                await cancel_until_ended((sending, gone, over, refused), again_s=_GRACE_S)
            for task in (sending, gone):
                if not task.cancelled():
                    task.result()

    async def _send(self, follower: Follower, send: Send) -> None:
        chunk = await follower.begin()
        if chunk is None:
            await self._start(send, HTTPStatus.NO_CONTENT)
        else:
            await self._start(send, HTTPStatus.OK)
            while chunk is not None:
                if chunk:
                    await send(_body(chunk, more=True))
                chunk = await follower.next()
        await send(_body(b"", more=False))

    async def _start(self, send: Send, status: HTTPStatus) -> None:
        await send({"type": "http.response.start", "status": status.value, "headers": self.raw_headers})


def _body(chunk: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _let_go(sending: "asyncio.Task[None]", gone: "asyncio.Task[None]", scope: Scope) -> None:
    """End in order where the client takes what is sent; cut the connection where it does not."""
    await asyncio.wait({sending}, timeout=_GRACE_S)
    if cut(scope):
        log.info("event_client_cut")
        await asyncio.wait({gone}, timeout=_GRACE_S)
