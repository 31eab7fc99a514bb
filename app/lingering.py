"""Connections of a web process that let nobody down when it stops: `uvicorn --http app.lingering:LingeringProtocol`."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.whole_answers import WholeAnswers

_LINGER_S = 0.5


class LingeringProtocol(HttpToolsProtocol):
    """A connection on which a request is still answered in the second after the server was told to stop.

    uvicorn closes at once what has no request under way, also a connection that it has only just accepted and whose
    request is in the kernel already: who sent that cannot know whether it was carried out. Here it is read, answered,
    and told that the connection ends with the answer.

    Answers of which all is known at once go out by one write each.
    """

    _asked = False  # `cycle`, the last request, is None before the first
    _stopping = False

    def shutdown(self) -> None:
        """Let go of the connection: after the answer to a request that is here, or is on its way."""
        self._stopping = True
        if self._is_idle:
            # By two steps: a loop that was held up looks at its timers first, and at what has arrived between the two.
            self.loop.call_later(_LINGER_S, self.loop.call_later, _LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        """Begin with the request; once the server stops it is the connection's last."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is before:  # it goes on as a WebSocket, of another protocol's
            return
        self.cycle.__class__ = WholeAnswers  # uvicorn makes it by itself, and takes no other class
        self._asked = True
        if self._stopping:
            self.cycle.keep_alive = False

    @property
    def _is_idle(self) -> bool:
        return not self._asked or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle:
            self.transport.close()
