"""Connections of a web process that let nobody down when they end: `uvicorn --http app.lingering:LingeringProtocol`."""

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.patience import PatientProtocol

_LINGER_S = 0.5
_TURN_S = 0.05  # of the event loop: what has arrived by its beginning is read by its end


class LingeringProtocol(PatientProtocol):
    """A connection on which a request is still answered in the second after the server was told to stop.

    uvicorn closes at once what has no request under way, also a connection that it has only just accepted and whose
    request is in the kernel already: who sent that cannot know whether it was carried out. Here it is read, answered,
    and told that the connection ends with the answer. A loop that was held up may find a request together with the end
    of its connection's idle time: that is read and answered too.

    Nobody is waited for for ever, and answers cost as few writes as they can.
    """

    _stopping = False

    def shutdown(self) -> None:
        """Let go of the connection: after the answer to a request that is here, or is on its way."""
        self._stopping = True
        if self._is_idle:
            # By two steps: a loop that was held up looks at its timers first, and at what has arrived between the two.
            self.loop.call_later(_LINGER_S, self.loop.call_later, _LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close what has been idle for too long, unless a request turns out to be here."""
        self.loop.call_later(_TURN_S, self._close_unless_asked_since, self.cycle)

    def on_headers_complete(self) -> None:
        """Begin with the request; once the server stops it is the connection's last."""
        super().on_headers_complete()
        if self._stopping and self._last is not None:
            self._last.keep_alive = False

    def _close_if_idle(self) -> None:
        if self._is_idle:
            self.transport.close()

    def _close_unless_asked_since(self, last: RequestResponseCycle) -> None:
        if self.cycle is last:
            self.transport.close()
