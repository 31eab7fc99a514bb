"""What may go wrong with a backup."""

from jobs.errors import SwitchyardError


class BackupFailedError(SwitchyardError):
    """The backup could not be made, or is not whole; another try may be luckier."""
