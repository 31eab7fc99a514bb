"""The client: one connection pool to a site, and a resource for each kind of thing there."""

from typing import Self

import httpx

from app import __version__
from app.client.accounts import Accounts
from app.client.alerts import Alerts
from app.client.audit import Audit
from app.client.batches import Batches
from app.client.cache import Cache
from app.client.component_versions import ComponentVersions
from app.client.failures import Failures
from app.client.files import Files
from app.client.images import Images
from app.client.jobs import Jobs
from app.client.keys import Keys
from app.client.limits import Limits
from app.client.patience import Patience
from app.client.profiles import Profiles
from app.client.quarantine import Quarantine
from app.client.queues import Queues
from app.client.quotas import Quotas
from app.client.schedules import Schedules
from app.client.shops import Shops
from app.client.site import Site
from app.client.syncs import Syncs
from app.client.templates import Templates
from app.client.transport import Retrying, Transport
from app.client.users import Users

_LAST_PORT = 65_535
_CONNECTIONS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0)


class Client:
    """A site at `url`, entered with an API key or a session's token; without one only `accounts.login` is of use.

    Requests that may be sent twice are sent again for as long as `patience` says, and each submission is one of those,
    by an Idempotency-Key of its own. `retrying` is called before each wait, with the error and the seconds. `http` is
    a transport of httpx's, for who needs another. To be used as a context, or closed by `aclose`; from any number of
    tasks of one event loop. Raises ValueError for an address or a key that is none.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience: Patience = Patience(),  # noqa: B008  frozen
        retrying: Retrying | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        base = _address(url)
        headers = {"User-Agent": f"switchyard/{__version__}"}
        if key is not None:
            if not (key.isascii() and key.isprintable()):
                raise ValueError("the key has characters in it that no key has: was all of it copied, and no more?")
            headers["Authorization"] = f"Bearer {key}"
        self._http = httpx.AsyncClient(base_url=base, headers=headers, transport=http, limits=_CONNECTIONS)
        transport = Transport(self._http, patience=patience, retrying=retrying)
        self.jobs = Jobs(transport)
        self.batches = Batches(transport)
        self.failures = Failures(transport)
        self.files = Files(transport)
        self.syncs = Syncs(transport)
        self.templates = Templates(transport)
        self.quarantine = Quarantine(transport)
        self.images = Images(transport)
        self.profiles = Profiles(transport)
        self.alerts = Alerts(transport)
        self.shops = Shops(transport)
        self.component_versions = ComponentVersions(transport)
        self.queues = Queues(transport)
        self.schedules = Schedules(transport)
        self.accounts = Accounts(transport)
        self.keys = Keys(transport)
        self.users = Users(transport)
        self.quotas = Quotas(transport)
        self.limits = Limits(transport)
        self.audit = Audit(transport)
        self.cache = Cache(transport)
        self.site = Site(transport)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Nothing connects before it is used."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.aclose()


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is no address: {error}") from None
    if address.scheme not in {"http", "https"} or not address.host or not 0 <= (address.port or 0) <= _LAST_PORT:
        raise ValueError(f"{url!r} is no address; write it like http://127.0.0.1:8000")
    return address
