"""Why a picture is left out. What is wrong with a whole file is among the errors of the data sync."""

from jobs.errors import SwitchyardError


class BadPictureError(SwitchyardError):
    """The picture cannot be read, or is too large; the text says which, and the others are not touched by it."""
