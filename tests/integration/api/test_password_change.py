"""POST /api/auth/password: who knows his password gives himself another."""

import asyncio

import httpx
import pytest
from redis.asyncio import Redis

from app.attempts import FREE, LONGEST_S
from tests.integration.api.test_login_attempts import keep_out
from tests.support.people import PASSWORD, Person, log_in, new_user, sending

NEW = "staple correct horse"


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give a user with an API key."""
    return await new_user(web, "ann")


async def test_who_knows_his_password_changes_it(web: httpx.AsyncClient, ann: Person) -> None:
    """All his sessions end, his API keys hold, and it is written down without either password."""
    session = await log_in(web, ann.username)
    web.cookies.clear()
    with ann.asking(web):
        answer = await web.post("/api/auth/password", json={"current": PASSWORD, "new": NEW})
        assert (answer.status_code, answer.json()["username"]) == (200, ann.username)
        assert (await web.get("/api/auth/me")).status_code == 200
    with sending(web, session["token"]):
        assert (await web.get("/api/auth/me")).status_code == 401
    former = await web.post("/api/auth/login", json={"username": ann.username, "password": PASSWORD})
    assert former.status_code == 401
    await log_in(web, ann.username, NEW)
    web.cookies.clear()
    audit = (await web.get("/api/audit")).json()["items"]
    (entry,) = [one for one in audit if one["action"] == "user.change"]
    assert (entry["actor"], entry["object_id"], entry["details"]["new_password"]) == (ann.id, ann.id, True)
    assert "horse" not in str(audit)


async def test_of_two_changes_at_once_one_counts(web: httpx.AsyncClient, ann: Person) -> None:
    """Who learned a password cannot undo the change that shuts him out, as both were checked before either was made."""
    new = [f"{NEW} {number}" for number in range(2)]
    with ann.asking(web):
        asked = [web.post("/api/auth/password", json={"current": PASSWORD, "new": one}) for one in new]
        answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    (refused,) = [answer for answer in answers if answer.status_code == 422]
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/current"]
    kept = [one for one, answer in zip(new, answers, strict=True) if answer.status_code == 200]
    await log_in(web, ann.username, *kept)


@pytest.mark.usefixtures("counted_in_redis")
async def test_who_does_not_know_his_password_changes_nothing(
    web: httpx.AsyncClient, ann: Person, redis: Redis
) -> None:
    """A key that was found does not become an account; guesses are slowed down as those at the door are."""
    with ann.asking(web):
        for _ in range(FREE):
            answer = await web.post("/api/auth/password", json={"current": "a guess", "new": NEW})
            assert answer.status_code == 422
            assert [error["pointer"] for error in answer.json()["errors"]] == ["/current"]
        await keep_out(redis, ann.username, LONGEST_S)
        answer = await web.post("/api/auth/password", json={"current": PASSWORD, "new": NEW})
        assert (answer.status_code, answer.json()["violated-policies"]) == (429, ["login_name"])
        short = await web.post("/api/auth/password", json={"current": PASSWORD, "new": "short"})
        assert [error["pointer"] for error in short.json()["errors"]] == ["/new"]
    audit = (await web.get("/api/audit")).json()["items"]
    assert "user.change" not in {entry["action"] for entry in audit}
