"""A probe is answered within two seconds, whatever hangs: else a slow store would be taken for a dead process."""

import time
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.chaos.outages import hung
from tests.support.conditions import eventually
from tests.support.pulse import beating
from tests.support.servers import Servers

_PROMPTLY_S = 2.0


@pytest.mark.parametrize("names", [["redis"], ["postgres"], ["redis", "postgres"]])
async def test_a_hung_store_keeps_no_probe_waiting(web: httpx.AsyncClient, servers: Servers, names: list[str]) -> None:
    """It is named, the first time and the next; afterwards it is not."""
    assert (await web.get("/readyz")).status_code == 200
    wanted = ["postgresql"] * ("postgres" in names) + ["redis"] * ("redis" in names)
    async with AsyncExitStack() as stack:
        for name in names:
            await stack.enter_async_context(hung(getattr(servers, name)))
        for _ in range(3):
            began = time.monotonic()
            async with beating() as pulse:
                ready = await web.get("/readyz")
            assert time.monotonic() - began < _PROMPTLY_S + pulse.latest_s
            assert [name for name in ready.json()["degraded"] if name in {"postgresql", "redis"}] == wanted
            assert ready.status_code == (503 if len(names) > 1 else 200)
        began = time.monotonic()
        async with beating() as pulse:
            assert (await web.get("/healthz")).json() == {"status": "alive"}
        assert time.monotonic() - began < _PROMPTLY_S + pulse.latest_s

    async def is_well() -> bool:
        return not set((await web.get("/readyz")).json()["degraded"]) & {"postgresql", "redis"}

    await eventually(is_well)
