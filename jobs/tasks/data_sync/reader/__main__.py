"""The entry of the reading process: one request in, frames out. It never writes anything else to stdout."""

import json
import os
import resource
import sys
from typing import Final

from jobs.guard import end_with_lifeline, give_way, limit_memory
from jobs.tasks.data_sync.errors import FileRefusedError, HeaderChangedError, LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.reader.frames import Kind, pack
from jobs.tasks.data_sync.reader.request import Request, from_line
from jobs.tasks.data_sync.reader.work import read

_MIB: Final = 1024 * 1024


def main() -> None:
    """Read one file. What the file is to blame for is told in a frame; all else ends the process with status 1."""
    request = from_line(sys.stdin.buffer.readline())
    end_with_lifeline(sys.stdin.fileno())
    give_way()
    limit_memory(request.limits.memory_bytes)
    _limit_processor(request.limits.processor_s)
    try:
        _answer(request)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)
    os._exit(0)  # to take a large workbook apart again takes a while and helps nobody


def _answer(request: Request) -> None:
    out = sys.stdout.buffer
    too_large = _failed(
        LimitExceededError(f"Reading the file takes more than {request.limits.memory_bytes // _MIB:,} MiB of memory.")
    )
    try:
        for kind, body in read(request):
            out.write(pack(kind, body))
            out.flush()
    except FileRefusedError as error:
        out.write(_failed(error))
    except FileNotFoundError:
        out.write(_failed(UnreadableFileError("The file is no longer stored. Upload it again.")))
    except MemoryError:
        out.write(too_large)  # made beforehand: there may be no memory for it now


def _limit_processor(seconds: int) -> None:
    """Let the system end this process, also in the middle of a parser that never lets go of the interpreter."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    bound = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (bound, hard))


def _failed(error: FileRefusedError) -> bytes:
    more = [error.difference] if isinstance(error, HeaderChangedError) else []
    return pack(Kind.FAILED, json.dumps([type(error).__name__, str(error), *more]).encode())


if __name__ == "__main__":
    main()
