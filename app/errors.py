"""The errors that only HTTP knows. Those of the job engine are in jobs.errors."""

from jobs.errors import SwitchyardError


class UnauthenticatedError(SwitchyardError):
    """Nobody is logged in, or the key is not known."""


class ForbiddenError(SwitchyardError):
    """Whoever asks is known, but has not the role for this."""


class TooLargeError(SwitchyardError):
    """The body is longer than this path takes."""


class UnsupportedMediaTypeError(SwitchyardError):
    """The body is of a type that this path does not read."""


class MalformedBodyError(SwitchyardError):
    """The body is not of the form that its type promises."""
