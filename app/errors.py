"""The errors that only HTTP knows. Those of the job engine are in jobs.errors."""

from collections.abc import Sequence

from jobs.errors import SwitchyardError


class UnauthenticatedError(SwitchyardError):
    """Nobody is logged in, or the key is not known."""


class ForbiddenError(SwitchyardError):
    """Whoever asks is known, but has not the role for this."""


class RateLimitedError(SwitchyardError):
    """Too much was asked for in too short a time; after `retry_after_s` seconds, if ever, it may be asked again.

    `policies` are the limits that were in the way, the binding one first, and `key` says whose that one is.
    """

    def __init__(
        self, message: str, *, policies: Sequence[str], retry_after_s: int | None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.policies = tuple(policies)
        self.retry_after_s = retry_after_s
        self.key = key


class PreconditionFailedError(SwitchyardError):
    """If-Match names a version that is not the current one; nothing was changed."""


class PreconditionRequiredError(SwitchyardError):
    """This is only changed by who says, with If-Match, which version he has read."""


class BusyError(SwitchyardError):
    """This process has too much to do at this moment; nothing was changed."""


class TooLargeError(SwitchyardError):
    """The body is longer than this path takes."""


class UnsupportedMediaTypeError(SwitchyardError):
    """The body is of a type that this path does not read."""


class MalformedBodyError(SwitchyardError):
    """The body is not of the form that its type promises."""
