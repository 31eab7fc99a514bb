"""Users of a site, made over the API as an administrator does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct horse battery"  # noqa: S105  of users who live as long as a test


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with an API key."""

    id: str
    username: str
    key_id: str
    key: str

    @contextmanager
    def asking(self, client: httpx.AsyncClient) -> Iterator[httpx.AsyncClient]:
        """Let a client ask with his key."""
        with sending(client, self.key):
            yield client


@contextmanager
def sending(client: httpx.AsyncClient, token: str | None) -> Iterator[httpx.AsyncClient]:
    """Let a client ask with this token, or with none."""
    former = client.headers.pop("Authorization", None)
    if token is not None:
        client.headers["Authorization"] = f"Bearer {token}"
    try:
        yield client
    finally:
        client.headers.pop("Authorization", None)
        if former is not None:
            client.headers["Authorization"] = former


async def new_user(admin: httpx.AsyncClient, username: str, role: str = "normal") -> Person:
    """Make a user, and a key of his by his own login; the client, an administrator's, has no cookie afterwards."""
    made = await admin.post("/api/users", json={"username": username, "password": PASSWORD, "role": role})
    assert made.status_code == 201, made.text
    session = await log_in(admin, username)
    admin.cookies.clear()
    with sending(admin, session["token"]):
        key = await admin.post("/api/auth/keys", json={"name": "tests"})
    assert key.status_code == 201, key.text
    return Person(id=made.json()["id"], username=username, key_id=key.json()["id"], key=key.json()["key"])


async def log_in(client: httpx.AsyncClient, username: str, password: str = PASSWORD) -> Any:  # noqa: ANN401  JSON
    """Log in; give the answer's content."""
    answer = await client.post("/api/auth/login", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return answer.json()
