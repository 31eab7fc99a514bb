"""The printed list of problem types, and the answers that are problems."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from app.openapi.headers import described
from app.openapi.operation import RETRY_AFTER, WWW_AUTHENTICATE, Header
from app.openapi.schemas import Schema
from app.problems import BLANK, BLANK_STATUSES, KINDS, MEANINGS, MEDIA_TYPE, Kind

_MORE: dict[HTTPStatus, Header] = {
    HTTPStatus.UNAUTHORIZED: WWW_AUTHENTICATE,
    HTTPStatus.TOO_MANY_REQUESTS: RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A row of the printed list."""

    type: str
    statuses: tuple[HTTPStatus, ...]
    meaning: str

    def __str__(self) -> str:
        """Print the row as the page on errors and the document have it."""
        return f"| `{self.type}` | {', '.join(str(status.value) for status in self.statuses)} | {self.meaning} |"


def problem_types() -> Iterator[ProblemType]:
    """Give the list; raises KeyError where a type that is answered has no meaning."""
    statuses: dict[str, dict[HTTPStatus, None]] = defaultdict(dict)
    for _, kind in KINDS:
        statuses[kind.type][kind.status] = None
    for status in BLANK_STATUSES:
        statuses[BLANK][status] = None
    for name, of_type in statuses.items():
        yield ProblemType(type=name, statuses=tuple(of_type), meaning=MEANINGS[name])


class ProblemAnswers:
    """The answers that operations share: each is made once and referred to."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kinds: Iterable[Kind]) -> dict[str, Schema]:
        """Give the answers by status; kinds of one status make one answer."""
        by_status: dict[HTTPStatus, list[Kind]] = defaultdict(list)
        for kind in dict.fromkeys(kinds):
            by_status[kind.status].append(kind)
        return {str(status.value): self._refer(by_status[status]) for status in sorted(by_status)}

    def _refer(self, kinds: list[Kind]) -> Schema:
        types = list(dict.fromkeys(kind.type for kind in kinds))
        status = kinds[0].status
        # What is left of a type that is a URL is a name, too.
        name = f"{status.value}-{'-or-'.join(one.rpartition('#')[2] for one in types)}"
        self.components.setdefault(name, _answer(kinds, types, status))
        return {"$ref": f"#/components/responses/{name}"}


def _answer(kinds: list[Kind], types: list[str], status: HTTPStatus) -> Schema:
    return {
        "description": "; ".join(dict.fromkeys(kind.title for kind in kinds)),
        "headers": described(*([_MORE[status]] if status in _MORE else []), limited=True),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [{"$ref": "#/components/schemas/ProblemView"}],
                    "properties": {"type": {"enum": types}, "status": {"const": status.value}},
                },
                "example": {
                    "type": kinds[0].type,
                    "title": kinds[0].title,
                    "status": status.value,
                    "detail": MEANINGS[kinds[0].type],
                    "instance": "/api/jobs",
                    "request_id": "trace-1.2:3",
                },
            }
        },
    }
