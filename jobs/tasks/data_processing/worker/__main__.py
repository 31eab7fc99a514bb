"""The entry of the child process: one request in, frames out. It never writes anything else to stdout."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Final

from jobs.errors import StoreUnavailableError
from jobs.guard import end_with_lifeline, give_way, limit_memory
from jobs.tasks.data_processing.worker.request import Profiling, Request, from_line
from jobs.tasks.data_sync.errors import FileRefusedError, LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.reader.frames import Kind, pack

_MIB: Final = 1024 * 1024


def main() -> None:
    """Do one piece of work. What the file or a full disk is to blame for is told in a frame; all else ends with 1."""
    request = from_line(sys.stdin.buffer.readline())
    end_with_lifeline(sys.stdin.fileno())
    give_way()
    limit_memory(request.limits.memory_bytes)
    try:
        _answer(request)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)
    os._exit(0)  # to take a large workbook apart again takes a while and helps nobody


def _answer(request: Request) -> None:
    out = sys.stdout.buffer
    most = f"Processing the file takes more than {request.limits.memory_bytes // _MIB:,} MiB of memory."
    too_large = _failed(LimitExceededError(most))
    try:
        for kind, body in _work(request):
            out.write(pack(kind, body))
            out.flush()
    except (FileRefusedError, StoreUnavailableError) as error:
        out.write(_failed(error))
    except FileNotFoundError:
        out.write(_failed(UnreadableFileError("The file is no longer stored. Upload it again.")))
    except MemoryError:
        out.write(too_large)  # made beforehand: there may be no memory for it now


def _work(request: Request) -> Iterator[tuple[Kind, bytes]]:
    # Imported where it is needed: Pillow and calamine take a while.
    if isinstance(request, Profiling):
        from jobs.tasks.data_processing.worker.profiling import profile  # noqa: PLC0415

        return profile(request)
    from jobs.tasks.data_processing.worker.extraction import extract  # noqa: PLC0415

    return extract(request)


def _failed(error: FileRefusedError | StoreUnavailableError) -> bytes:
    return pack(Kind.FAILED, json.dumps([type(error).__name__, str(error)]).encode())


if __name__ == "__main__":
    main()
