"""Six troubles come over a site that Prometheus watches: Alertmanager tells a webhook of each, and that it is over."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.redis import RedisServer
from tests.chaos.outages import stopped
from tests.support.batches import Jobs, submit_batch
from tests.support.conditions import eventually
from tests.support.figures import Figures
from tests.support.monitored import scraping, telling
from tests.support.monitoring import alertmanager, prometheus
from tests.support.processes import Running, started, web_process
from tests.support.site import submit
from tests.support.webhook import Webhook, listening_webhook

_FAILING = "FailureRateHigh"
TROUBLES = ("WorkerBlocked", _FAILING, "QueueLong", "StewardMissing", "WorkerMissing", "RedisDown")

_TOKEN = "a-token-that-only-this-test-has"  # noqa: S105  the test's own
_BLOCKED_S = 3.0
_A_SECOND = 20  # jobs of which every other one fails: where none succeeds, another alert says so
_TOO_MANY = 400
_SILENT_S = 15.0  # after which a worker counts as missing
_START_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A site whose alerts come to a webhook; its steward, and the one worker that has nothing to do."""

    client: httpx.AsyncClient
    hook: Webhook
    steward: Running
    worker: Running
    prometheus: httpx.AsyncClient
    patience_s: float

    async def hears_of(self, *alerts: str) -> None:
        """Wait until each of these alerts has fired."""
        hearing = (self.hook.fired(f"Switchyard{alert}", within_s=self.patience_s) for alert in alerts)
        await asyncio.gather(*hearing)

    def has_heard_of(self, alert: str) -> bool:
        """Say whether it has fired."""
        return "firing" in self.hook.told.get(f"Switchyard{alert}", ())

    async def fires(self, alert: str) -> None:
        """Wait until an alert fires, whether anybody is told or not."""
        query = f'ALERTS{{alertname="Switchyard{alert}",alertstate="firing"}}'

        async def is_firing() -> bool:
            answer = await self.prometheus.get("/api/v1/query", params={"query": query})
            return bool(answer.json()["data"]["result"])

        await eventually(is_firing, within_s=self.patience_s)

    async def hears_no_more_of(self, *alerts: str) -> None:
        """Wait until each of them is over."""
        hearing = (self.hook.is_over(f"Switchyard{alert}", within_s=self.patience_s) for alert in alerts)
        await asyncio.gather(*hearing)


async def provoke_alerts(environ: Mapping[str, str], redis: RedisServer, *, minute_s: int) -> Figures:
    """Hang a loop, fail jobs, flood a queue, stop the steward, kill a worker, stop Redis; then mend all of it.

    `minute_s` is how long what the rules call a minute lasts. Gives how long it took.
    """
    began = time.monotonic()
    async with _watched(environ, minute_s=minute_s) as site:
        await site.worker.kill()
        site.steward.send(signal.SIGTERM)
        await submit(site.client, "diag.block", {"seconds": _BLOCKED_S})
        many = await submit_batch(site.client, _many(each_s=0.5 * minute_s))
        async with asyncio.TaskGroup() as group:
            group.create_task(_fail_until_told(site))
            group.create_task(site.hears_of("WorkerBlocked", _FAILING, "QueueLong", "StewardMissing", "WorkerMissing"))
        async with stopped(redis):
            await site.hears_of("RedisDown")
        # What is over while another alert keeps it back is never told to be, and without Redis nothing is seen of a
        # queue: it is long again afterwards, and then no more.
        await site.hears_no_more_of("RedisDown")
        await site.fires("QueueLong")
        (await site.client.post(f"/api/batches/{many['id']}/cancel")).raise_for_status()
        async with _steward(environ), _worker(environ, "scheduled:2"):
            await site.hears_no_more_of(*TROUBLES)
    assert site.hook.told["Watchdog"][-1] == "firing"
    assert site.hook.refused == 0
    return {
        "a minute of the rules, s": f"{minute_s}",
        "troubles told, and told to be over": f"{len(TROUBLES)}",
        "took, s": f"{time.monotonic() - began:.0f}",
    }


async def _fail_until_told(site: Watched) -> None:
    """Let jobs fail for as long as it takes: the alert wants them without a gap."""
    while not site.has_heard_of(_FAILING):
        await submit_batch(site.client, _failing())
        await asyncio.sleep(1.0)


def _failing() -> Jobs:
    """Want the jobs of a second."""
    return [
        {"task": "diag.fail", "args": {"times": place % 2}, "max_tries": 1, "delay_s": place / _A_SECOND}
        for place in range(_A_SECOND)
    ]


def _many(*, each_s: float) -> Jobs:
    return [{"task": "diag.sleep", "args": {"seconds": each_s}, "queue": "data_processing"}] * _TOO_MANY


@asynccontextmanager
async def _watched(environ: Mapping[str, str], *, minute_s: int) -> AsyncIterator[Watched]:
    """Run the site, and what watches it."""
    environ = {**environ, "APP_METRICS_TOKEN": _TOKEN}
    async with AsyncExitStack() as stack, listening_webhook(_TOKEN) as hook:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-alerts-")))
        begin = stack.enter_async_context
        (_, client), steward, _, worker, manager = await asyncio.gather(
            begin(web_process(environ)),
            begin(_steward(environ)),
            begin(_worker(environ, "data_sync:4,data_processing:1")),
            begin(_worker(environ, "scheduled:2")),
            begin(alertmanager(folder, telling(folder, url=hook.url, token=_TOKEN))),
        )
        config = scraping(folder, site=client, token=_TOKEN, alertmanager=manager, minute_s=minute_s)
        prometheus_client = await begin(prometheus(folder, config))
        patience_s = _START_S + _SILENT_S + 30 * minute_s
        yield Watched(
            client=client,
            hook=hook,
            steward=steward,
            worker=worker,
            prometheus=prometheus_client,
            patience_s=patience_s,
        )


def _steward(environ: Mapping[str, str]) -> AbstractAsyncContextManager[Running]:
    return _process("steward_started", environ, "steward")


def _worker(environ: Mapping[str, str], queues: str) -> AbstractAsyncContextManager[Running]:
    """Start a worker that is no steward."""
    return _process("worker_started", environ, "worker", "--queues", queues)


@asynccontextmanager
async def _process(word: str, environ: Mapping[str, str], *arguments: str) -> AsyncIterator[Running]:
    async with started((sys.executable, "-m", "jobs", *arguments), environ) as running:
        await running.says(word, within_s=_START_S)
        yield running
