"""/api/users and /api/auth/keys: who may do what, good input and bad, and what a stolen dump is worth."""

import asyncio
import re
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.stores.credentials import Credential, CredentialStore
from app.tokens import Kind, read_token
from jobs.stores.database import Database
from tests.support.people import PASSWORD, Person, log_in, new_user, sending
from tests.support.site import running_web

USERS, KEYS = "/api/users", "/api/auth/keys"
_DUMP = 'SELECT t::text FROM "{}" AS t'
_NEW: dict[str, Any] = {"username": "bob", "password": PASSWORD}


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give a user."""
    return await new_user(web, "ann")


async def _status(web: httpx.AsyncClient, token: str) -> int:
    with sending(web, token):
        return (await web.get("/api/auth/me")).status_code


async def test_a_user_is_made_and_listed(web: httpx.AsyncClient, ann: Person) -> None:
    """Newest first, in pages; normal unless something else is said."""
    made = (await web.post(USERS, json={**_NEW, "role": "premium"})).json()
    assert {key: made[key] for key in ("username", "role", "disabled")} == {
        "username": "bob",
        "role": "premium",
        "disabled": False,
    }
    first = (await web.get(USERS, params={"limit": 1})).json()
    assert first["items"] == [made]
    second = (await web.get(USERS, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [(user["id"], user["role"]) for user in second["items"]] == [(ann.id, "normal")]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"username": "system"}, "/username"),
        ({"username": "arq"}, "/username"),
        ({"username": "admin"}, "/username"),
        ({"username": "anonymous"}, "/username"),
        ({"username": "Bob"}, "/username"),
        ({"username": "b"}, "/username"),
        ({"username": "usr_bob"}, "/username"),
        ({"username": "a b"}, "/username"),
        ({"username": "bob\n"}, "/username"),
        ({"username": "b" * 65}, "/username"),
        ({"password": "too short"}, "/password"),
        ({"password": "x" * 257}, "/password"),
        ({"role": "root"}, "/role"),
        ({"role": None}, "/role"),
    ],
)
async def test_a_wrong_user_is_refused(
    web: httpx.AsyncClient, database: Database, changes: dict[str, object], pointer: str
) -> None:
    """The field is named, and nothing is entered or written down. Passwords are shown nowhere."""
    answer = await web.post(USERS, json={**_NEW, **changes})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "too short" not in answer.text
    assert [await database.fetch(f"SELECT FROM {table}") for table in ("users", "audit")] == [[], []]


async def test_a_name_is_one_user_s(web: httpx.AsyncClient, ann: Person) -> None:
    """409 for the second, also of several at once."""
    assert (await web.post(USERS, json={**_NEW, "username": ann.username})).status_code == 409
    answers = await asyncio.gather(*(web.post(USERS, json=_NEW) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_new_role_counts_at_once(web: httpx.AsyncClient, ann: Person) -> None:
    """With keys that he has already."""
    with ann.asking(web):
        assert (await web.get(USERS)).status_code == 403
    changed = await web.patch(f"{USERS}/{ann.id}", json={"role": "admin"})
    assert (changed.status_code, changed.json()["role"]) == (200, "admin")
    with ann.asking(web):
        assert (await web.get(USERS)).status_code == 200


async def test_who_is_disabled_is_out_at_once(web: httpx.AsyncClient, ann: Person) -> None:
    """His keys and sessions are gone for good; enabled again, he logs in anew."""
    session = (await log_in(web, ann.username))["token"]
    web.cookies.clear()
    assert [await _status(web, token) for token in (session, ann.key)] == [200, 200]
    for _ in range(2):
        answer = await web.patch(f"{USERS}/{ann.id}", json={"disabled": True})
        assert (answer.status_code, answer.json()["disabled"]) == (200, True)
    assert [await _status(web, token) for token in (session, ann.key)] == [401, 401]
    refused = await web.post("/api/auth/login", json={"username": ann.username, "password": PASSWORD})
    assert refused.status_code == 401
    await web.patch(f"{USERS}/{ann.id}", json={"disabled": False})
    assert [await _status(web, token) for token in (session, ann.key)] == [401, 401]
    await log_in(web, ann.username)


async def test_a_new_password_ends_sessions_and_leaves_keys(web: httpx.AsyncClient, ann: Person) -> None:
    """Whoever had the old one is out."""
    session = (await log_in(web, ann.username))["token"]
    web.cookies.clear()
    await web.patch(f"{USERS}/{ann.id}", json={"password": "another correct horse"})
    assert [await _status(web, token) for token in (session, ann.key)] == [401, 200]
    await log_in(web, ann.username, "another correct horse")
    assert (await web.post("/api/auth/login", json=_NEW | {"username": "ann"})).status_code == 401


async def test_nobody_locks_himself_out(web: httpx.AsyncClient) -> None:
    """An administrator disables and degrades others; the one of the settings, who has no row, is always there."""
    eve = await new_user(web, "eve", "admin")
    with eve.asking(web):
        for change in ({"disabled": True}, {"role": "normal"}):
            answer = await web.patch(f"{USERS}/{eve.id}", json=change)
            assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
        assert (await web.patch(f"{USERS}/{eve.id}", json={"role": "admin"})).status_code == 200
        assert (await web.patch(f"{USERS}/admin", json={"disabled": True})).status_code == 404
    assert (await web.patch(f"{USERS}/{eve.id}", json={"disabled": True})).status_code == 200


async def test_two_keys_are_in_force_at_most(web: httpx.AsyncClient, ann: Person, database: Database) -> None:
    """Also of several made at once; one that has expired or was revoked leaves room for the next."""
    with ann.asking(web):
        answers = await asyncio.gather(*(web.post(KEYS, json={"name": "next"}) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        (made,) = (answer.json() for answer in answers if answer.status_code == 201)
        listed = (await web.get(KEYS)).json()["items"]
        assert [key["id"] for key in listed] == [made["id"], ann.key_id]
        assert all("key" not in key for key in listed)
    assert await _status(web, made["key"]) == 200
    await database.execute("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE id = $1", ann.key_id)
    with sending(web, made["key"]):
        third = await web.post(KEYS, json={"name": "third", "expires_in_days": None})
        assert (third.status_code, third.json()["expires_at"]) == (201, None)


async def test_a_revoked_key_opens_nothing(web: httpx.AsyncClient, ann: Person) -> None:
    """From the next request on; 404 for one that is gone, and for one of somebody else's."""
    bob = await new_user(web, "bob")
    path = f"{KEYS}/{ann.key_id}"
    with bob.asking(web):
        assert (await web.delete(path)).status_code == 404
    with ann.asking(web):
        revoked = await web.delete(path)
        assert (revoked.status_code, revoked.json()["id"]) == (200, ann.key_id)
        assert (await web.get("/api/auth/me")).status_code == 401
    assert (await web.delete(path)).status_code == 404
    assert (await web.delete(f"{KEYS}/{bob.key_id}")).status_code == 200
    assert await _status(web, bob.key) == 401


async def test_what_was_read_before_a_key_was_revoked_opens_nothing(
    web: httpx.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the request that had it read, nor the next."""
    read, told = asyncio.Event(), asyncio.Event()
    find = CredentialStore.find

    async def find_slowly(store: CredentialStore, asked: Sequence[tuple[Kind, str]]) -> Sequence[Credential]:
        found = await find(store, asked)
        read.set()
        await told.wait()
        return found

    monkeypatch.setattr(CredentialStore, "find", find_slowly)
    request = asyncio.create_task(web.get("/api/auth/me", headers={"Authorization": f"Bearer {ann.key}"}))
    await read.wait()
    assert (await web.delete(f"{KEYS}/{ann.key_id}")).status_code == 200
    told.set()
    assert (await request).status_code == 401
    assert await _status(web, ann.key) == 401


async def test_a_key_that_has_expired_opens_nothing(
    web: httpx.AsyncClient,
    ann: Person,
    environ: dict[str, str],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither where it was known, nor where it is asked for."""
    await database.execute("UPDATE api_keys SET expires_at = now() + interval '1 hour'")
    assert await _status(web, ann.key) == 200
    with monkeypatch.context() as patch:
        two_hours_on = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + 7200)
        patch.setattr("app.auth.time", two_hours_on)
        assert await _status(web, ann.key) == 401
    await database.execute("UPDATE api_keys SET expires_at = now() - interval '1 second'")
    async with running_web(environ) as other:
        assert await _status(other, ann.key) == 401


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x", "expires_in_days": 0}, {"name": "x", "expires_in_days": 5000}]
)
async def test_a_wrong_key_is_refused(web: httpx.AsyncClient, ann: Person, body: dict[str, object]) -> None:
    """And nothing is made."""
    with ann.asking(web):
        assert (await web.post(KEYS, json=body)).status_code == 422
        assert len((await web.get(KEYS)).json()["items"]) == 1


async def test_the_administrator_of_the_settings_has_one_key(web: httpx.AsyncClient) -> None:
    """It comes from there, so that a start with another revokes it; he makes himself a user for more."""
    assert (await web.get("/api/auth/me")).json() == {"id": "admin", "username": "admin", "role": "admin"}
    assert (await web.post(KEYS, json={"name": "more"})).status_code == 409
    assert (await web.get(KEYS)).json()["items"] == []


@pytest.mark.parametrize("text", ["nothing", "sy_", "Bearer", "\xff\xfe", "x" * 5000])
async def test_what_is_no_key_is_401(web: httpx.AsyncClient, ann: Person, database: Database, text: str) -> None:
    """Also a key of which one letter is wrong, or whose checksum is right and which nobody has."""
    for wrong in (text, ann.key[:-1], ann.key + "0", ann.key.replace("sy_", "ss_", 1)):
        answer = await web.get("/api/auth/me", headers={b"Authorization": f"Bearer {wrong}".encode("latin-1")})
        assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    assert await database.fetch("SELECT FROM audit WHERE action = 'session.refuse'") == []


async def test_another_secret_under_a_known_id_is_401(web: httpx.AsyncClient, ann: Person, database: Database) -> None:
    """The id alone is no secret."""
    bob = await new_user(web, "bob")
    assert await _status(web, ann.key) == 200
    await database.execute("UPDATE api_keys SET sha256 = '' WHERE id = $1", bob.key_id)
    assert read_token(bob.key) is not None
    await web.patch(f"{USERS}/{bob.id}", json={"role": "premium"})  # so that it is asked for anew
    assert await _status(web, bob.key) == 401


async def test_a_stolen_dump_opens_nothing(web: httpx.AsyncClient, ann: Person, database: Database) -> None:
    """No text in any table is a key, token or password, or part of one that would do; each of them is tried."""
    token = (await log_in(web, ann.username))["token"]
    web.cookies.clear()
    names = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    dump = [str(row[0]) for (name,) in names for row in await database.fetch(_DUMP.format(name))]
    words = {word for line in dump for word in re.findall(r"[^\s,(){}\"\\]+", line)}
    assert ann.key_id in words
    secrets = (ann.key, token, PASSWORD, *(text.rpartition("_")[2] for text in (ann.key, token)))
    assert not [secret for secret in secrets if any(secret in line for line in dump)]
    hashes = [word for word in words if re.fullmatch(r"x[0-9a-f]{64}", word)]
    assert len(hashes) == 3  # a key, and two sessions
    for word in words:
        for text in (word, f"sy_{ann.key_id}_{word.removeprefix('x')}"):
            answer = await web.get("/api/auth/me", headers={b"Authorization": f"Bearer {text}".encode()})
            assert answer.status_code == 401, text
    for word in [word for word in words if word.startswith("$argon2id$")]:
        refused = await web.post("/api/auth/login", json={"username": ann.username, "password": word})
        assert refused.status_code == 401


async def test_what_is_done_to_users_and_keys_is_written_down(web: httpx.AsyncClient, ann: Person) -> None:
    """What has changed, never a password; what changes nothing leaves no entry."""
    with ann.asking(web):
        await web.delete(f"{KEYS}/{ann.key_id}")
    change = {"role": "premium", "password": "another correct horse", "disabled": True}
    await web.patch(f"{USERS}/{ann.id}", json=change)
    for same in ({"role": "premium"}, {"disabled": True}, {}):
        assert (await web.patch(f"{USERS}/{ann.id}", json=same)).status_code == 200
    entries = (await web.get("/api/audit")).json()["items"]
    deeds = [(entry["actor"], entry["action"], entry["object_id"], entry["details"]) for entry in entries]
    assert deeds[:2] == [
        (
            "admin",
            "user.change",
            ann.id,
            {"username": "ann", "role": "premium", "new_password": True, "disabled": True},
        ),
        (ann.id, "key.revoke", ann.key_id, {"name": "tests", "user": ann.id}),
    ]
    assert deeds[2] == (ann.id, "key.create", ann.key_id, {"name": "tests"})
    assert deeds[4] == ("admin", "user.create", ann.id, {"username": "ann", "role": "normal"})
    assert "correct horse" not in str(entries)


async def test_a_user_who_is_gone_makes_no_key(web: httpx.AsyncClient, ann: Person, database: Database) -> None:
    """Between the look at his key and the making somebody has disabled him."""
    with ann.asking(web):
        assert (await web.get("/api/auth/me")).status_code == 200
        await database.execute("UPDATE users SET disabled_at = now()")
        assert (await web.post(KEYS, json={"name": "late"})).status_code == 409
