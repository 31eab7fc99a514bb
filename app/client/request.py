"""One request to the API, as a record. It is not sent here."""

import json
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

_JSON: Final = {"Content-Type": "application/json"}
KEY: Final = "Idempotency-Key"

Fields = Mapping[str, object]
Content = Mapping[str, Any]  # what httpx takes beside method, path and query
Form = Callable[[], AbstractContextManager[Content]]  # opens its file anew for each try


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A method and a path below the site's address, with a query, and a JSON body or a form.

    `is_repeatable`: sent twice, it does no more than sent once. Those that are not are sent again only where the first
    cannot have arrived, or was refused before anything was done. `within_s` is how long the answer may take. An answer
    of one of `statuses` is as good as one of 2xx.
    """

    method: str
    path: str
    query: Fields = field(default_factory=dict)
    body: Fields | None = None
    form: Form | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_repeatable: bool = False
    within_s: float = 30.0
    statuses: Collection[int] = ()

    @property
    def is_keyed(self) -> bool:
        """Whether it carries an Idempotency-Key."""
        return KEY in self.headers

    @contextmanager
    def content(self) -> Iterator[Content]:
        """Give its content as httpx takes it, for one try."""
        if self.form is not None:
            with self.form() as parts:
                yield {"headers": self.headers, **parts}
        elif self.body is not None:
            yield {"headers": {**_JSON, **self.headers}, "content": encoded(self.body)}
        else:
            yield {"headers": self.headers}

    @property
    def parameters(self) -> list[tuple[str, str | int | float | bool | None]]:
        """The query, without what is None; a sequence gives its parameter several times."""
        return [(name, _text(value)) for name, given in self.query.items() for value in _several(given)]


def path_of(*parts: str) -> str:
    """Join the parts of a path; whatever they have in them stays within them."""
    return "/api/" + "/".join(_escaped(part) for part in parts)


def encoded(body: Fields) -> bytes:
    """Write JSON; times become RFC 3339. Raises ValueError and TypeError for what JSON has no word for."""
    return json.dumps(body, default=_moment, allow_nan=False, ensure_ascii=False).encode()


def given(**fields: object) -> dict[str, object]:
    """Give those fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def keyed(key: str | None) -> Mapping[str, str]:
    """Give the header of a submission that may be sent again; None makes a key that nobody has used."""
    return {KEY: uuid.uuid4().hex if key is None else key}


def _escaped(part: str) -> str:
    # By dots alone a path goes up, or stays; `quote` leaves them.
    return part.replace(".", "%2E") if part in {".", ".."} else quote(part, safe="")


def _several(value: object) -> Sequence[object]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no JSON")
