"""What was revoked lets nobody in, in any process, within five seconds; what is known goes on through an outage."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from types import SimpleNamespace

import httpx
import pytest

from app import auth
from app.admin_key import AdminKey
from app.auth import FRESH_S, Authenticator
from app.stores.credentials import CredentialStore
from app.tokens import Kind, new_token
from jobs.cancelling import cancel_until_ended
from jobs.stores.database import Database
from tests.chaos.outages import hung, killed
from tests.support.conditions import eventually
from tests.support.people import Person, new_user, sending
from tests.support.processes import web_process
from tests.support.servers import Servers
from tests.support.site import ADMIN_KEY


@pytest.fixture
async def webs(environ: dict[str, str]) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Run two web processes; give clients of theirs."""
    async with web_process(environ) as (_, one), web_process(environ) as (_, other):
        yield one, other


async def _lets_in(web: httpx.AsyncClient, person: Person) -> bool:
    answer = await web.get("/api/auth/keys", headers={"Authorization": f"Bearer {person.key}"})
    assert answer.status_code in {200, 401}, answer.text
    return answer.status_code == httpx.codes.OK


async def _answered(web: httpx.AsyncClient, path: str) -> float:
    """Ask for what must be there; give the seconds that it took."""
    began = time.monotonic()
    assert (await web.get(path)).status_code == httpx.codes.OK
    return time.monotonic() - began


@pytest.mark.parametrize("is_busy", [True, False])
async def test_a_revoked_key_is_refused_everywhere_in_time(
    webs: tuple[httpx.AsyncClient, httpx.AsyncClient],
    is_busy: bool,  # noqa: FBT001  a parameter
) -> None:
    """By the process that was told at once, by the other within five seconds, used all the time or not."""
    one, other = webs
    ann, bob = await new_user(one, "ann"), await new_user(one, "bob")
    assert all([await _lets_in(web, who) for web in webs for who in (ann, bob)])
    assert (await one.delete(f"/api/auth/keys/{ann.key_id}")).status_code == 200
    revoked_at = time.monotonic()
    assert not await _lets_in(one, ann)
    if is_busy:

        async def is_refused() -> bool:
            return not await _lets_in(other, ann)

        await eventually(is_refused, within_s=FRESH_S)
    else:
        await asyncio.sleep(FRESH_S - (time.monotonic() - revoked_at))  # the promise itself
        assert not await _lets_in(other, ann)
    assert all([await _lets_in(web, bob) for web in webs])


async def test_a_stream_ends_when_its_key_is_revoked(webs: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
    """Within five seconds, in another process; what was begun for one role does not go on for another."""
    one, other = webs
    ann, eve = await new_user(one, "ann"), await new_user(one, "eve", "admin")
    begun, streams = [asyncio.Event(), asyncio.Event()], []

    async def follow(who: Person, has_begun: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {who.key}"}
        async with other.stream("GET", "/api/events", headers=headers) as answer:
            async for _ in answer.aiter_bytes():
                has_begun.set()

    streams = [asyncio.create_task(follow(who, event)) for who, event in zip((ann, eve), begun, strict=True)]
    await asyncio.gather(*(event.wait() for event in begun))
    await one.delete(f"/api/auth/keys/{ann.key_id}")
    await one.patch(f"/api/users/{eve.id}", json={"role": "normal"})
    async with asyncio.timeout(FRESH_S):
        await asyncio.gather(*streams)


async def test_a_known_key_goes_on_without_postgresql(
    webs: tuple[httpx.AsyncClient, httpx.AsyncClient], servers: Servers
) -> None:
    """Killed or hung, and for longer than a look lasts; no request waits for it. An unknown key is 503.

    What the machine takes it also takes of a question that needs no store, asked at the same moment.
    """
    one, _ = webs
    ann = await new_user(one, "ann")
    with sending(one, ann.key):
        for away in (killed, hung):
            assert (await one.get("/api/tasks")).status_code == 200
            async with away(servers.postgres):
                until, slowest_s = time.monotonic() + FRESH_S + 2, 0.0
                while time.monotonic() < until:
                    took_s, alone_s = await asyncio.gather(_answered(one, "/api/tasks"), _answered(one, "/healthz"))
                    slowest_s = max(slowest_s, took_s - alone_s)
                    await asyncio.sleep(0.05)
                assert slowest_s < 1, slowest_s
                for text, status in ((new_token(Kind.KEY).text, 503), (ann.key[:-1], 401)):
                    with sending(one, text):
                        assert (await one.get("/api/tasks")).status_code == status


class _Counting(Authenticator):
    """Counts its looks that are over."""

    looks = 0

    async def look(self) -> None:
        """Look, and count that."""
        await super().look()
        self.looks += 1


async def test_nobody_waits_for_a_postgresql_that_hangs_just_after_a_look(
    web: httpx.AsyncClient, database: Database, servers: Servers
) -> None:
    """The next look gives it up before what is known is too old, however long the driver would wait for it."""
    ann = await new_user(web, "ann")
    authenticator = _Counting(CredentialStore(database), admin_key=AdminKey(ADMIN_KEY))
    assert (await authenticator.identify(ann.key)).owner == ann.id
    looking = asyncio.create_task(authenticator.run())

    async def has_looked() -> bool:
        return authenticator.looks > 0

    await eventually(has_looked)
    async with hung(servers.postgres):
        until = time.monotonic() + FRESH_S + 2
        while time.monotonic() < until:
            assert authenticator.recall(ann.key) is not None
            await asyncio.sleep(0.05)
    await cancel_until_ended([looking], again_s=0.5)


async def test_a_look_that_was_not_answered_is_soon_made_again(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was revoked meanwhile lets nobody in, however far off the next look would be."""
    ann = await new_user(web, "ann")
    authenticator = _Counting(CredentialStore(database), admin_key=AdminKey(ADMIN_KEY))
    assert (await authenticator.identify(ann.key)).owner == ann.id
    monkeypatch.setattr(auth, "_EVERY_S", 0.01)
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
        looking = asyncio.create_task(authenticator.run())

        async def is_unanswered(looks: int = 1) -> bool:
            return authenticator.looks >= looks

        await eventually(is_unanswered)
        monkeypatch.setattr(auth, "_EVERY_S", 600)
        await eventually(partial(is_unanswered, authenticator.looks + 1))
        assert authenticator.recall(ann.key) is not None
        await connection.execute("DELETE FROM api_keys WHERE id = $1", ann.key_id)
    try:

        async def is_refused() -> bool:
            return authenticator.recall(ann.key) is None

        await eventually(is_refused)
    finally:
        await cancel_until_ended([looking], again_s=0.5)


async def test_what_expires_while_postgresql_does_not_answer_goes_on_no_more(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that the key has begun ends, though nobody can be asked."""
    ann = await new_user(web, "ann")
    await database.execute("UPDATE api_keys SET expires_at = now() + interval '1 hour' WHERE id = $1", ann.key_id)
    authenticator = Authenticator(CredentialStore(database), admin_key=AdminKey(ADMIN_KEY))
    assert (await authenticator.identify(ann.key)).owner == ann.id
    with authenticator.watched(ann.key) as revoked:
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
            await authenticator.look()
            assert not revoked.is_set()
            two_hours_on = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + 7200)
            monkeypatch.setattr(auth, "time", two_hours_on)
            await authenticator.look()
            assert revoked.is_set()


async def test_what_was_revoked_during_an_outage_is_refused_after_it(
    webs: tuple[httpx.AsyncClient, httpx.AsyncClient], servers: Servers
) -> None:
    """As soon as PostgreSQL answers again, within five seconds."""
    one, other = webs
    ann = await new_user(one, "ann")
    assert await _lets_in(other, ann)
    async with killed(servers.postgres):
        assert (await other.get("/api/tasks", headers={"Authorization": f"Bearer {ann.key}"})).status_code == 200

    async def is_revoked() -> bool:
        return (await one.delete(f"/api/auth/keys/{ann.key_id}")).status_code == httpx.codes.OK

    async def is_refused() -> bool:
        answer = await other.get("/api/tasks", headers={"Authorization": f"Bearer {ann.key}"})
        return answer.status_code == httpx.codes.UNAUTHORIZED

    await eventually(is_revoked)
    await eventually(is_refused, within_s=FRESH_S)
