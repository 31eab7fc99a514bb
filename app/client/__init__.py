"""The client of Switchyard's API: async, typed, patient. It knows httpx and the standard library alone.

    async with Client("http://127.0.0.1:8000", key) as client:
        job = await client.jobs.submit("shop.greet", {"name": "Ada"})
        print(await client.jobs.result(job["id"]))

A map, lower layers first; a module imports only from lower ones:

words       errors; shapes/: what answers look like, as `app.schemas.shapes` has it
pure        request (what is asked), problems (from an answer to an error), shaping (from an answer to a shape),
            standing (from its headers to how a rate limit stands), patience (when to try again),
            sse (server-sent events from bytes), events (what a stream tells)
wire        transport: asks, again where that is safe
ways        pages (lists over cursors), following (streams that go on after a broken connection)
resources   a file each: jobs, batches, failures; files, syncs, templates, quarantine, images, profiles, alerts,
            shops, component_versions; queues, schedules; accounts, keys, users, quotas, limits, audit, cache, site
top         client
"""

from app.client.client import Client
from app.client.errors import (
    ClientError,
    ConflictError,
    ForbiddenError,
    ForeignAnswerError,
    IdempotencyMismatchError,
    InvalidInputError,
    JobEndedError,
    NotFoundError,
    PreconditionFailedError,
    PreconditionRequiredError,
    ProblemError,
    QuotaError,
    RateLimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
    UnreachableError,
    UnsupportedMediaTypeError,
    UntrustedError,
)
from app.client.events import BatchEvent, Event, JobEvent, ProgressEvent, ResetEvent
from app.client.patience import Patience

__all__ = [
    "BatchEvent",
    "Client",
    "ClientError",
    "ConflictError",
    "Event",
    "ForbiddenError",
    "ForeignAnswerError",
    "IdempotencyMismatchError",
    "InvalidInputError",
    "JobEndedError",
    "JobEvent",
    "NotFoundError",
    "Patience",
    "PreconditionFailedError",
    "PreconditionRequiredError",
    "ProblemError",
    "ProgressEvent",
    "QuotaError",
    "RateLimitedError",
    "ResetEvent",
    "TooLargeError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnreachableError",
    "UnsupportedMediaTypeError",
    "UntrustedError",
]
