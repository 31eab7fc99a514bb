"""Why a picture is left out, or a file has no images. For all else that is wrong with it the data sync has words."""

from jobs.errors import SwitchyardError
from jobs.tasks.data_sync.errors import FileRefusedError


class BadPictureError(SwitchyardError):
    """The picture cannot be read, or is too large; the text says which, and the others are not touched by it."""


class HeadersDifferError(FileRefusedError):
    """The headers are not the template's, so nobody knows which column has the SKU; the text says what differs."""
