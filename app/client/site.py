"""The site as a whole: what it shows to probes, to Prometheus and to readers. None of it is limited."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypedDict

from app.client.errors import ForeignAnswerError
from app.client.request import Request
from app.client.shapes.site import Readiness
from app.client.shaping import content_of
from app.client.transport import Transport

_NOT_READY = 503


class _Alive(TypedDict):
    status: str


class _Document(TypedDict):
    openapi: str
    info: Mapping[str, str]
    paths: Mapping[str, object]


class Site:
    """The site. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def certified_until(self) -> datetime | None:
        """Ask whether a web process is alive; give when the certificate ends, None of a connection without TLS."""
        answer = await self._transport.answer(_get("/healthz"))
        content_of(answer, _Alive)
        stream = answer.extensions.get("network_stream")
        tls = None if stream is None else stream.get_extra_info("ssl_object")
        certificate = None if tls is None else tls.getpeercert()
        if not certificate:
            return None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)

    async def readiness(self) -> Readiness:
        """Say whether jobs are accepted, and what is degraded; raises nothing where they are not."""
        request = Request(method="GET", path="/readyz", is_repeatable=True, statuses=(_NOT_READY,))
        return await self._transport.ask(request, Readiness)

    async def metrics(self, token: str | None) -> str:
        """Give what Prometheus reads; `token` is APP_METRICS_TOKEN, for a site that asks for it."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return (await self._transport.answer(_get("/metrics", headers))).text

    async def version(self) -> str:
        """Give the version of the API that its document, /openapi.json, says; raises also where /docs is not there."""
        page = await self._transport.answer(_get("/docs"))
        if "html" not in page.headers.get("Content-Type", ""):
            raise ForeignAnswerError(f"{page.request.url} is no page")
        document = await self._transport.ask(_get("/openapi.json"), _Document)
        return document["info"]["version"]


def _get(path: str, headers: Mapping[str, str] | None = None) -> Request:
    return Request(method="GET", path=path, headers=headers or {}, is_repeatable=True)
