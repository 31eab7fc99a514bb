"""The loops of a web process: one that a fault breaks is not missed for long."""

import asyncio

import pytest

from app.auth import Authenticator
from jobs import loops
from tests.support.site import running_app


async def test_a_loop_that_a_fault_breaks_begins_anew(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says which, with the fault."""
    monkeypatch.setattr("app.auth._EVERY_S", 0.01)
    look, looked = Authenticator.look, asyncio.Event()
    faults = [ZeroDivisionError("a fault"), TypeError("another")]

    async def look_with_faults(authenticator: Authenticator) -> None:
        if faults:
            raise faults.pop()
        await look(authenticator)
        looked.set()

    told: list[tuple[str, str]] = []

    def tell(event: str, *, loop: str) -> None:
        told.append((event, loop))

    monkeypatch.setattr(Authenticator, "look", look_with_faults)
    monkeypatch.setattr(loops.log, "exception", tell)
    async with running_app(environ), asyncio.timeout(60):
        await looked.wait()
    assert told == [("loop_broke", "authenticator")] * 2
