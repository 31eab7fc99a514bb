"""Why a file cannot be loaded. Each is a reason of the file's own: running the job again would not mend it."""

from collections.abc import Mapping

from jobs.errors import JobFailedError, SwitchyardError


class FileRefusedError(JobFailedError):
    """The file as a whole cannot be loaded; not one of its rows was."""


class NotASpreadsheetError(FileRefusedError):
    """The bytes are of no format that is read here, or are protected from being read."""


class UnreadableFileError(FileRefusedError):
    """The format is known but the content is damaged, protected or in no known encoding."""


class LimitExceededError(FileRefusedError):
    """The file is larger than the limits on rows, columns, cells or unpacked size allow."""


class HeaderChangedError(FileRefusedError):
    """The headers differ from the template's; the text says which were added, removed or moved.

    `difference` says it in fields: `HeaderDifference.as_mapping`.
    """

    def __init__(self, text: str, difference: Mapping[str, object]) -> None:
        super().__init__(text)
        self.difference = difference


class ReaderDiedError(SwitchyardError):
    """The reading process ended without a word (killed, or out of memory). Worth another try."""


def not_a_spreadsheet(what: str) -> NotASpreadsheetError:
    """Say what the file is instead."""
    return NotASpreadsheetError(f"The file is {what}, not a spreadsheet. Send the export as .xlsx or .csv.")


def with_password() -> NotASpreadsheetError:
    """Say that nobody can read it without its password."""
    return NotASpreadsheetError(
        "The file is a workbook that is protected by a password. Save it without one and send it again."
    )


def with_macros() -> NotASpreadsheetError:
    """Say that programs are not taken in, though none would be run."""
    return NotASpreadsheetError("The file is a workbook with macros. Save it as .xlsx, without them, and send that.")
