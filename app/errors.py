"""The errors that only HTTP knows. Those of the job engine are in jobs.errors."""

from jobs.errors import SwitchyardError


class UnauthenticatedError(SwitchyardError):
    """Nobody is logged in, or the key is not known."""


class ForbiddenError(SwitchyardError):
    """Whoever asks is known, but has not the role for this."""


class RateLimitedError(SwitchyardError):
    """Too much was asked for in too short a time; after `retry_after_s` seconds it may be asked again."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BusyError(SwitchyardError):
    """This process has too much to do at this moment; nothing was changed."""


class TooLargeError(SwitchyardError):
    """The body is longer than this path takes."""


class UnsupportedMediaTypeError(SwitchyardError):
    """The body is of a type that this path does not read."""


class MalformedBodyError(SwitchyardError):
    """The body is not of the form that its type promises."""
