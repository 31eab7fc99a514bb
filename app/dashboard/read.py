"""What a page asks of the API: an endpoint, called within the process as who looks at the page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request

from app.api.methods import Endpoint
from jobs.errors import NotFoundError, StoreUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One endpoint, and how it is asked.

    `query` is what it is asked unless the page is asked otherwise: with `passes` the page's own parameters go on to it,
    but for empty ones, which is how a form sends what was left out. What `may_lack` the page is shown without where it
    is not there, or its store is away.
    """

    endpoint: Endpoint
    query: Mapping[str, str] = field(default_factory=dict)
    passes: bool = False
    may_lack: bool = False

    async def ask(self, request: Request) -> Any:  # noqa: ANN401  JSON
        """Give what the API answers; None for what lacks and may. Raises what the endpoint raises."""
        own = [(name, value) for name, value in request.query_params.multi_items() if value] if self.passes else []
        given = {name for name, _ in own}
        usual = [(name, value) for name, value in self.query.items() if name not in given]
        query = urlencode([*usual, *own]).encode()
        asked = Request({**request.scope, "query_string": query}, request.receive)
        try:
            response = await self.endpoint(asked)
        except (NotFoundError, StoreUnavailableError):
            if self.may_lack:
                return None
            raise
        if response.status_code != HTTPStatus.OK:
            raise ValueError(f"{self.endpoint.__name__} answered {response.status_code}, which no page shows")
        return orjson.loads(response.body)
