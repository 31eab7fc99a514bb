"""Requests with a body, for what reads them without an application."""

from starlette.requests import Request
from starlette.types import Message


def request_of(body: bytes) -> Request:
    """Make a request with a JSON body."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)
