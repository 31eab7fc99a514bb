"""What an operation says of itself: a record that names types and leaves the rest to the document."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.api.methods import Endpoint
from app.problems import Kind
from app.schemas.requests import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header of requests or answers, with its JSON Schema."""

    name: str
    meaning: str
    schema: Mapping[str, object]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer that is no problem: what it means and its shape, as JSON unless `media_types` says otherwise."""

    meaning: str
    shape: type = str
    media_types: tuple[str, ...] = ("application/json",)
    headers: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What an endpoint takes and answers, beside what its path and these types say already.

    The document adds by itself: the parameters of the path and 404; for a body 400, 413, 415 and 422; for a query 422;
    401 and 503 below /api; X-Request-ID everywhere. `problems` are the others. `body` is JSON, `form` the fields of a
    multipart form beside the part `file`; `example` is one of them.
    """

    summary: str
    answers: Mapping[int, Answer]
    description: str = ""
    body: type[Body] | None = None
    form: type[Body] | None = None
    query: type[Body] | None = None
    headers: tuple[Header, ...] = ()
    problems: tuple[Kind, ...] = ()
    example: Mapping[str, object] | None = None


Operations = Mapping[Endpoint, Operation]

IDEMPOTENCY_KEY = Header(
    name="Idempotency-Key",
    meaning="The same submission may be sent again under it for 24 hours: it leads to one job and one answer.",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"},
    example="order-4711-import",
)
LAST_EVENT_ID = Header(
    name="Last-Event-ID",
    meaning="The id of the last event that was seen: what has come since is told, whichever web process answers.",
    schema={"type": "string"},
    example="1764133263123-0:2",
)
IF_MATCH = Header(
    name="If-Match",
    meaning="The ETag of the version that is to be replaced, as it was read; `*` for any. 428 without it.",
    schema={"type": "string"},
    example='"3"',
)
ETAG = Header(
    name="ETag",
    meaning="The version.",
    schema={"type": "string", "pattern": '^"[0-9]+"$'},
    example='"3"',
)
LIMIT = Header(
    name="X-RateLimit-Limit",
    meaning="Requests that the limit with least left lets through at once.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
    example="60",
)
REMAINING = Header(
    name="X-RateLimit-Remaining",
    meaning="How many of those are left.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
    example="59",
)
RESET = Header(
    name="X-RateLimit-Reset",
    meaning="When all of them are there again, in seconds since 1970.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
    example="1795694400",
)
RATE_LIMIT = Header(
    name="RateLimit",
    meaning="The same as a structured field; draft-ietf-httpapi-ratelimit-headers-10.",
    schema={"type": "string"},
    example='"default";r=59;t=1',
)
RATE_LIMIT_POLICY = Header(
    name="RateLimit-Policy",
    meaning="All limits that the request was charged to: `q` requests in `w` seconds.",
    schema={"type": "string"},
    example='"default";q=60;w=60, "ip_guard";q=600;w=60',
)
LIMITED = (LIMIT, REMAINING, RESET, RATE_LIMIT, RATE_LIMIT_POLICY)
REPLAYED = Header(
    name="Idempotency-Replayed",
    meaning="This answer was given before, to the first submission with this Idempotency-Key.",
    schema={"type": "string", "const": "true"},
    example="true",
)
LOCATION = Header(
    name="Location",
    meaning="The path of what was made or found.",
    schema={"type": "string", "format": "uri-reference"},
    example="/api/jobs/0192f0c3a1b27cc3800000000000002a",
)
RETRY_AFTER = Header(
    name="Retry-After",
    meaning="Seconds after which to try again.",
    schema={"type": "string", "pattern": "^[0-9]+$"},
    example="5",
)
SET_COOKIE = Header(
    name="Set-Cookie",
    meaning="The session's cookie: no script reads it, and it is sent to this host alone.",
    schema={"type": "string"},
    example="switchyard_session=ss_...; HttpOnly; Max-Age=43200; Path=/; SameSite=lax",
)
CHOSEN_ID = Header(
    name="X-Request-ID",
    meaning="A name for the request: 1 to 128 letters, digits and `._:/=+-`. In place of any other a new one is made.",
    schema={"type": "string"},
    example="trace-1.2:3",
)
REQUEST_ID = Header(
    name="X-Request-ID",
    meaning="The request's name in the logs and in problems: the client's own, or a new one.",
    schema={"type": "string", "pattern": "^[A-Za-z0-9._:/=+-]{1,128}$"},
    example="trace-1.2:3",
)
TRACEPARENT = Header(
    name="traceparent",
    meaning="The trace that the request is part of, by W3C's Trace Context; jobs that are submitted get it too. "
    "What is none is ignored.",
    schema={"type": "string"},
    example="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
TRACEPARENT_BACK = Header(
    name="traceparent",
    meaning="The trace context that the request came with; not there if it had none.",
    schema={"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$"},
    example="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)
WWW_AUTHENTICATE = Header(
    name="WWW-Authenticate",
    meaning="How to log in.",
    schema={"type": "string", "const": "Bearer"},
    example="Bearer",
)
