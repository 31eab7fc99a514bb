"""The errors that only HTTP knows. Those of the job engine are in jobs.errors."""

from jobs.errors import SwitchyardError
from ratelimit.bucket import Decision


class UnauthenticatedError(SwitchyardError):
    """Nobody is logged in, or the key is not known."""


class ForbiddenError(SwitchyardError):
    """Whoever asks is known, but has not the role for this."""


class RateLimitedError(SwitchyardError):
    """Whoever asks has asked for too much; `decision` says by which limits, and when the same would be admitted."""

    def __init__(self, decision: Decision) -> None:
        binding = decision.binding
        after_s = decision.retry_after_s
        name = binding.request.policy if binding else "unknown"
        wait = "this will not be admitted" if after_s is None else f"try again in {after_s:,} s"
        super().__init__(f"the limit {name} is used up; {wait}")
        self.decision = decision


class PreconditionFailedError(SwitchyardError):
    """If-Match names a version that is not the current one; nothing was changed."""


class PreconditionRequiredError(SwitchyardError):
    """This is only changed by who says, with If-Match, which version he has read."""


class TooLargeError(SwitchyardError):
    """The body is longer than this path takes."""


class UnsupportedMediaTypeError(SwitchyardError):
    """The body is of a type that this path does not read."""


class MalformedBodyError(SwitchyardError):
    """The body is not of the form that its type promises."""
