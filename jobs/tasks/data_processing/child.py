"""The parent's side of the child process: one request, and the report that it ends with. It opens no file itself."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from jobs.errors import StoreUnavailableError
from jobs.tasks.data_processing.errors import HeadersDifferError
from jobs.tasks.data_processing.worker.request import Request
from jobs.tasks.data_sync import errors
from jobs.tasks.data_sync.reader.child import Child, start
from jobs.tasks.data_sync.reader.frames import HEAD_BYTES, Kind, unpack_head

# Called with what is done and, where it is known, what there is to do.
OnProgress = Callable[[int, int | None], None]

_MODULE: Final = "jobs.tasks.data_processing.worker"
_MIB: Final = 1024 * 1024
_OUT_OF_MEMORY: Final = (b"memory allocation of", b"MemoryError")  # the last words of Rust and of Python
_REFUSALS: Final = {
    refusal.__name__: refusal
    for refusal in (
        errors.UnreadableFileError,
        errors.LimitExceededError,
        HeadersDifferError,
        StoreUnavailableError,
    )
}


async def report_of(request: Request, on_progress: OnProgress) -> Any:  # noqa: ANN401  JSON
    """Let a child process do it; give its report. The child is gone, whatever happens, when this returns.

    Raises a FileRefusedError for what the file is to blame for, StoreUnavailableError where the media folder takes no
    image, and ReaderDiedError where the child ended before it had said how it went.
    """
    child = await start(_MODULE)
    try:
        child.ask(request.to_line())
        while True:
            kind, body = await _frame(child, request)
            if kind is Kind.PROGRESS:
                on_progress(*json.loads(body))
            elif kind is Kind.FAILED:
                name, message = json.loads(body)
                raise _REFUSALS[name](message)
            else:
                return json.loads(body)
    finally:
        await child.end()


async def _frame(child: Child, request: Request) -> tuple[Kind, bytes]:
    try:
        kind, length = unpack_head(await child.read(HEAD_BYTES))
        return kind, await child.read(length)
    except asyncio.IncompleteReadError:
        raise await _death(child, request) from None


async def _death(child: Child, request: Request) -> Exception:
    status, last_words = await child.wait()
    if any(sign in last_words for sign in _OUT_OF_MEMORY):
        most = request.limits.memory_bytes // _MIB
        return errors.LimitExceededError(f"Processing the file takes more than {most:,} MiB of memory.")
    died = errors.ReaderDiedError(f"the child process ended with status {status}")
    died.add_note(last_words.decode(errors="replace"))
    return died
