"""What the client raises. A docstring is the meaning; what to mend is in the message."""

from collections.abc import Sequence

from app.client.shapes.jobs import TriedJob
from app.client.shapes.problems import Mistake, Problem


class ClientError(Exception):
    """The root of all that the client raises."""


class UnreachableError(ClientError):
    """No answer came. With `may_have_arrived` the request may have been carried out all the same."""

    def __init__(self, message: str, *, may_have_arrived: bool) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived


class UntrustedError(ClientError):
    """The site's certificate is none that is trusted here, or that of another site. Nothing was sent."""


class ForeignAnswerError(ClientError):
    """Something answered that is no Switchyard: another server at this address, or a proxy before it."""


class JobEndedError(ClientError):
    """A job whose result was wanted has ended without one. `job` says how and why."""

    def __init__(self, job: TriedJob) -> None:
        error = job["error"]
        why = "" if error is None else f": {error['type']}: {error['message']}"
        super().__init__(f"job {job['id']} ({job['task']}) is {job['state']}{why}")
        self.job = job


class ProblemError(ClientError):
    """The server refused, by a problem document (RFC 9457). Bad input has changed nothing.

    `errors` names each wrong field by a JSON pointer; `retry_after_s` is what `Retry-After` asks to wait, in seconds,
    None where it does not. `problem` has all fields of the document, also those that only some problems have.
    """

    def __init__(self, problem: Problem, *, retry_after_s: float | None = None) -> None:
        self.problem = problem
        self.type: str = problem["type"]
        self.title: str = problem["title"]
        self.status: int = problem["status"]
        self.detail: str = problem["detail"]
        self.errors: Sequence[Mistake] = problem.get("errors", ())
        self.request_id: str = problem["request_id"]
        self.retry_after_s = retry_after_s
        wrong = [f"{one['pointer']}: {one['detail']}" for one in self.errors]
        super().__init__("\n  ".join([f"{self.title}: {self.detail}", *wrong]))


class InvalidInputError(ProblemError):
    """A field is wrong."""


class UnauthenticatedError(ProblemError):
    """No key or session, or one that is not known; or a wrong password."""


class ForbiddenError(ProblemError):
    """The role does not allow this."""


class NotFoundError(ProblemError):
    """There is no such thing, or it is somebody else's."""


class ConflictError(ProblemError):
    """Its state does not allow this."""


class TooLargeError(ProblemError):
    """The body is too large."""


class UnsupportedMediaTypeError(ProblemError):
    """The body, or the uploaded file, is of a type that is not read."""


class IdempotencyMismatchError(ProblemError):
    """The Idempotency-Key was used for another submission."""


class QuotaError(ProblemError):
    """More unfinished jobs than the quota allows."""


class RateLimitedError(ProblemError):
    """A rate limit is used up, and its next token is further away than the client's patience."""


class PreconditionFailedError(ProblemError):
    """It has changed since it was read."""


class PreconditionRequiredError(ProblemError):
    """This is only changed by who says which version he has read."""


class UnavailableError(ProblemError):
    """A store does not answer, or the server is too busy, for longer than the client's patience."""
