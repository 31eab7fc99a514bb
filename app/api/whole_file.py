"""A file as an answer. It is for small ones: whoever asks for a part of one gets all of it."""

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

_RANGE = b"range"


class WholeFile(FileResponse):
    """A file, always whole: a Range header is ignored, as RFC 9110 allows (14.2).

    Starlette would refuse one that is malformed, or names what is beyond the end, by a plain text that is no problem.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        self.headers["accept-ranges"] = "none"
        headers = [header for header in scope["headers"] if header[0] != _RANGE]
        await super().__call__({**scope, "headers": headers}, receive, send)
