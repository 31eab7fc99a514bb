"""Server-sent events read from bytes (WHATWG HTML, section 9.2). Pure: nothing is received here."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from dataclasses import dataclass, field

from app.client.errors import ForeignAnswerError

_LONGEST = 32 * 1024 * 1024  # bytes without an end of line; a job's result may be large


@dataclass(slots=True, kw_only=True)
class Block:
    """What stands between two empty lines. `data` is None where there was none: a heart-beat, or a `retry` alone."""

    name: str = "message"
    id: str | None = None
    data: str | None = None
    retry_ms: int | None = None


@dataclass(slots=True)
class _Lines:
    """Cuts bytes into lines, as they come. Not by str.splitlines: JSON may hold U+2028, which ends no line here."""

    rest: bytes = b""

    def cut(self, chunk: bytes) -> Iterator[str]:
        """Give the lines that are complete by now. Raises ForeignAnswerError for one without an end."""
        # A lone CR at the end may be half of a CRLF: it waits for the next chunk.
        text = self.rest + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        *lines, last = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self.rest = last + held
        if len(self.rest) > _LONGEST:
            raise ForeignAnswerError(f"a stream of events has a line of more than {_LONGEST:,} bytes")
        for line in lines:
            yield line.decode(errors="replace")


@dataclass(slots=True)
class _Reading:
    """A block that is not complete yet."""

    block: Block = field(default_factory=Block)
    data: list[str] = field(default_factory=list)
    is_empty: bool = True

    def take(self, line: str) -> Block | None:
        """Take one line; give the block that an empty one completes."""
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:  # a comment
            return None
        self.is_empty = False
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.block.name = value
        elif name == "id" and "\0" not in value:
            self.block.id = value
        elif name == "retry" and value.isdecimal():
            self.block.retry_ms = int(value)
        return None

    def _complete(self) -> Block | None:
        block = self.block
        if self.data:
            block.data = "\n".join(self.data)
        found = None if self.is_empty else block
        self.block, self.data, self.is_empty = Block(), [], True
        return found


async def blocks(chunks: AsyncIterable[bytes]) -> AsyncGenerator[Block, None]:
    """Give the blocks of a stream; one that its end has cut off is left out, as the standard says."""
    lines, reading = _Lines(), _Reading()
    async for chunk in chunks:
        for line in lines.cut(chunk):
            if (block := reading.take(line)) is not None:
                yield block
