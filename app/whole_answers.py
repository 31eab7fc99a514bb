"""Answers of which all is known at once: head and body go out by one write, with those of others by way of an outbox.

uvicorn looks at each header by itself, and writes head and body each by itself: uvloop makes a system call of each at
once, and the client is woken up twice.
"""

import re
from typing import TypeGuard

from uvicorn._types import ASGISendEvent, HTTPResponseBodyEvent, HTTPResponseStartEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.outbox import Outbox

_END = b"\r\n"
_LENGTH = b"content-length"

# Lines as RFC 9110 has them, whose names nobody has to make smaller, and that say nothing of how the connection goes
# on: `connection` and `transfer-encoding` are left to uvicorn.
_PLAIN = re.compile(
    rb"(?:(?!connection:|transfer-encoding:)[!#$%&'*+\-.^_`|~0-9a-z]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*"
)


class WholeAnswers(RequestResponseCycle):
    """A request and its answer; the answer's head waits for its body. All that is not plain is left to uvicorn.

    Of an answer that goes on the parts are put into the outbox, too.
    """

    outbox: Outbox
    _head = b""

    async def send(self, message: ASGISendEvent) -> None:
        """Take a part of the answer."""
        if self._head and not self.disconnected:
            head, self._head = self._head, b""
            if (body := self._all_of_the_body(message)) is not None:
                self._finish(head + body)
                return
            self.outbox.put(self.transport, head)
        elif message["type"] == "http.response.start" and self._may_wait() and (head := self._head_of(message)):
            self._head = head
            self.response_started, self.waiting_for_100_continue = True, False
            return
        elif self._is_part(message):
            if body := message.get("body", b""):
                self.outbox.put(self.transport, b"%x\r\n%b\r\n" % (len(body), body))
            return
        self.outbox.flush()
        await super().send(message)

    def _may_wait(self) -> bool:
        """Say whether nothing else is to be done with a head than to write it."""
        return (
            not self.response_started
            and self.keep_alive
            and not (self.disconnected or self.access_log or self.flow.write_paused)
            and self.scope["method"] != "HEAD"
        )

    def _head_of(self, message: HTTPResponseStartEvent) -> bytes:
        """Give the head; nothing where it is not plain, or does not say how long the body is."""
        headers = [*message["headers"]]
        length = next((value for name, value in headers if name == _LENGTH), None)
        told = b"".join([b"%b: %b\r\n" % header for header in headers])
        if length is None or told.count(_END) != len(headers) or _PLAIN.fullmatch(told) is None:
            return b""
        self.chunked_encoding, self.expected_content_length = False, int(length)
        before = b"".join([b"%b: %b\r\n" % header for header in self.default_headers])
        return b"%b%b%b\r\n" % (STATUS_LINE[message["status"]], before, told)

    def _is_part(self, message: ASGISendEvent) -> TypeGuard[HTTPResponseBodyEvent]:
        """Say whether it is a chunk of an answer that goes on, which has only to be written."""
        return (
            message["type"] == "http.response.body"
            and message.get("more_body", False)
            and self.response_started
            and self.chunked_encoding is True
            and not (self.response_complete or self.disconnected or self.flow.write_paused)
            and self.scope["method"] != "HEAD"
        )

    def _all_of_the_body(self, message: ASGISendEvent) -> bytes | None:
        """Give the body that the head has told of; None where that is not all, or the connection is to end."""
        if message["type"] != "http.response.body" or message.get("more_body", False) or not self.keep_alive:
            return None
        body = message.get("body", b"")
        return body if len(body) == self.expected_content_length else None

    def _finish(self, answer: bytes) -> None:
        self.outbox.put(self.transport, answer)
        self.response_complete = True
        self.message_event.set()
        self.on_response()
