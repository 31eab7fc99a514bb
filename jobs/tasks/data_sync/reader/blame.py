"""Who is to blame where a library fails on a workbook: the file. It reads nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.tasks.data_sync.errors import FileRefusedError, UnreadableFileError


@contextmanager
def blamed() -> Iterator[None]:
    """Blame the file for whatever its library raises; calamine's panics are no Exception."""
    try:
        yield
    except (FileRefusedError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        raise UnreadableFileError(
            f"The workbook is damaged, cut off or protected ({error}). "
            "Save it again, without a password, and send that."
        ) from error
