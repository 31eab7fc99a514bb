"""The site's JSON API over urllib; it knows requests and problems, not what they are about."""

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

_ANSWER_WITHIN_S = 60.0
_READY_ASKED_EVERY_S = 0.2


class DemoError(Exception):
    """Why the demonstration cannot go on, in words for the person who started it."""


class Api:
    """The site at `url`, entered with `key`; proxies of the environment are not asked."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def wait_ready(self, within_s: float) -> None:
        """Return when the site takes work, raise `DemoError` when it does not in time."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                self.get("/readyz")
            except DemoError as error:
                if time.monotonic() > deadline:
                    raise DemoError(f"the site is not ready after {within_s:g} s: {error}") from None
                time.sleep(_READY_ASKED_EVERY_S)
            else:
                return

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """GET with a query; the answer's object."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """POST an object; the answer's object."""
        return self._send("POST", path, "application/json", json.dumps(body).encode())

    def upload(self, path: str, file: Path, **fields: str) -> dict[str, Any]:
        """POST a form with the part `file` and these fields; the answer's object."""
        boundary = secrets.token_hex(16)
        body = b"".join(_form(boundary, file, fields))
        return self._send("POST", path, f"multipart/form-data; boundary={boundary}", body)

    def _send(self, method: str, path: str, kind: str = "", body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(self.url + path, data=body, method=method)  # noqa: S310 - an http URL of ours
        request.add_header("Authorization", f"Bearer {self._key}")
        if kind:
            request.add_header("Content-Type", kind)
        try:
            with self._opener.open(request, timeout=_ANSWER_WITHIN_S) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                raise DemoError(f"{method} {path}: {_explain(error.code, error.read())}") from None
        except OSError as error:
            raise DemoError(f"{method} {self.url}{path}: {error}") from None


def _form(boundary: str, file: Path, fields: Mapping[str, str]) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
    yield f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()
    yield file.read_bytes()
    yield f"\r\n--{boundary}--\r\n".encode()


def _explain(status: int, body: bytes) -> str:
    """Put a problem (RFC 9457) into lines; what is none, such as a proxy's page, as its beginning."""
    try:
        problem = json.loads(body)
        head = f"{status} {problem['title']}: {problem.get('detail') or problem['type']}"
        errors = [f"\n  {error['pointer']}: {error['detail']}" for error in problem.get("errors") or []]
    except (ValueError, KeyError, TypeError):
        return f"{status} {body[:200].decode(errors='replace')}"
    return head + "".join(errors)
