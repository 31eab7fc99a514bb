"""What `probe` looks at: a site as those see it who use it, over HTTP alone. It mends nothing."""

import asyncio
import ipaddress
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.client import Client, ClientError, ForbiddenError, RateLimitedError, UnauthenticatedError
from app.client.shapes.jobs import Job

_REQUESTS = 5  # by which a bucket must be seen to empty
_ENDS_SOON = timedelta(days=14)
_CANARY = "canary."
_NOOP = "diag.noop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the answer. `reason` says what is wrong, or, of what is well, what was seen."""

    subject: str
    is_ok: bool
    reason: str


class _Fault(Exception):  # noqa: N818  what was found wrong; it never leaves this module
    """Something is wrong though the site answers."""


@dataclass(slots=True, kw_only=True)
class Probe:
    """A site to look at: its `url`, clients with a key and without, and for how many seconds jobs are waited for."""

    url: str
    client: Client
    stranger: Client
    metrics_token: str | None
    wait_s: float
    own_name: str = "admin"  # until the site has told it

    async def run(self) -> Sequence[Finding]:
        """Look at everything; nothing is raised. Where nobody answers, or not to this key, the rest is left out."""
        findings = [await _find("reachable", self._reachable)]
        if findings[0].is_ok:
            findings += [await _find(*look) for look in (("tls", self._tls), ("ready", self._ready))]
            findings.append(await _find("key", self._key))
            if findings[-1].is_ok:
                findings += [await _find(*look) for look in (("limits", self._limits), ("jobs", self._jobs))]
            rest = (("metrics", self._metrics), ("login", self._login), ("docs", self._docs))
            findings += [await _find(*look) for look in rest]
        return findings

    async def _reachable(self) -> str:
        began = time.monotonic()
        await self.client.site.certified_until()
        return f"{self.url} answers within {1000 * (time.monotonic() - began):.0f} ms"

    async def _tls(self) -> str:
        ends_at = await self.client.site.certified_until()
        if ends_at is None:
            if not self._is_near:
                raise _Fault("keys and passwords travel in clear text: use https")
            return "none, and needs none on the machine itself"
        if ends_at - datetime.now(UTC) < _ENDS_SOON:
            raise _Fault(f"the certificate ends on {ends_at:%Y-%m-%d}")
        return f"the certificate is known, and good until {ends_at:%Y-%m-%d}"

    async def _ready(self) -> str:
        found = await self.client.site.readiness()
        wrong = [*found["degraded"], *found["warnings"]]
        if found["status"] != "ready":
            wrong.insert(0, f"the site is {found['status']}")
        if wrong:
            raise _Fault(", ".join(wrong))
        return "nothing is degraded"

    async def _key(self) -> str:
        me = await self.client.accounts.me()
        self.own_name = me["username"]
        return f"{me['username']}, {me['role']}"

    async def _limits(self) -> str:
        began = time.monotonic()
        first, *_, last = [await self.client.limits.standing() for _ in range(_REQUESTS)]
        # A token may have come back a moment before, and those of the time that this took.
        back = 1 + last.refills_per_s * (time.monotonic() - began)
        used = first.remaining - last.remaining
        if used < _REQUESTS - 1 - back:
            raise _Fault(f"{_REQUESTS} requests have taken {used} from a bucket of {last.limit}")
        return f"{last.remaining} of {last.limit} requests are left"

    async def _jobs(self) -> str:
        began = time.monotonic()
        jobs = await self._canaries() or await self._noop()
        if not jobs:
            return f"none was sent: an administrator's key sends canaries, and any one {_NOOP} where it is offered"
        ended = await asyncio.gather(*(self.client.jobs.show(job["id"], wait_s=self.wait_s) for job in jobs))
        if wrong := [_told(job) for job in ended if job["state"] != "succeeded"]:
            raise _Fault(f"after {time.monotonic() - began:.0f} s " + ", ".join(wrong))
        return f"done in {', '.join(job['queue'] for job in ended)} within {time.monotonic() - began:.1f} s"

    async def _canaries(self) -> Sequence[Job]:
        """Run the canary of each queue that has one; none where the key may not."""
        schedules = self.client.schedules
        names = [one["name"] for one in await schedules.list() if one["name"].startswith(_CANARY)]
        try:
            return [await schedules.run(name) for name in names]
        except ForbiddenError:
            return []

    async def _noop(self) -> Sequence[Job]:
        tasks = [task for task in await self.client.jobs.tasks() if task["name"] == _NOOP]
        return [
            await self.client.jobs.submit(_NOOP, queue=queue, expires_in_s=max(self.wait_s, 1.0))
            for task in tasks
            for queue in task["queues"]
        ]

    async def _metrics(self) -> str:
        try:
            text = await self.client.site.metrics(self.metrics_token)
        except UnauthenticatedError:
            if self.metrics_token is not None:
                raise
            return "refused to who has no token; with --metrics-token they are looked at"
        if "\nswitchyard_" not in text:
            raise _Fault("what /metrics answers has no series of Switchyard's")
        if self.metrics_token is None and not self._is_near:
            raise _Fault("they are told to anybody: set APP_METRICS_TOKEN")
        return f"{sum(line.startswith('switchyard_') for line in text.splitlines()):,} series"

    async def _login(self) -> str:
        """Try to log in under a name that nobody has, and under one's own."""
        refusals = []
        for name in (f"probe-{uuid.uuid4().hex[:12]}", self.own_name):
            try:
                await self.stranger.accounts.login(name, uuid.uuid4().hex)
            except RateLimitedError:
                return "too many tries lately from this address: it is limited"
            except UnauthenticatedError as error:
                refusals.append((error.type, error.title, error.detail))
            else:
                raise _Fault(f"{name} was let in by a password that was made up")
        if len(set(refusals)) > 1:
            raise _Fault("wrong passwords and unknown names are refused in different words")
        return "made-up names and passwords are refused alike"

    async def _docs(self) -> str:
        return f"/docs is there, and describes version {await self.client.site.version()}"

    @property
    def _is_near(self) -> bool:
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def _told(job: Job) -> str:
    waits = "" if job["waiting"] is None else f", {job['waiting']['reason']}"
    return f"{job['queue']}: {job['state']}{waits}"


async def _find(subject: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(subject=subject, is_ok=True, reason=await look())
    except (_Fault, ClientError) as error:
        return Finding(subject=subject, is_ok=False, reason=str(error))
