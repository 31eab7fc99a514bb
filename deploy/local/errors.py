"""The one error of this package; everything else that is raised is a bug."""


class DevError(Exception):
    """Why a command cannot go on and what mends it, in words for the person who typed it."""
