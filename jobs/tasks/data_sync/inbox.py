"""The inbox: a folder under the root of uploads, into which other programs put files. What is taken in leaves it.

A file's place says what it is: `inbox/<platform>/<shop_id>/<domain>/<granularity>/[<sub_domain>/]<name>`.
"""

import asyncio
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from jobs.errors import InvalidInputError
from jobs.tasks.data_sync.catalogue import Catalogue, Content, Description
from jobs.tasks.data_sync.errors import NotASpreadsheetError
from jobs.tasks.data_sync.model import Domain, Granularity, Source
from jobs.tasks.data_sync.uploads import LARGEST_BYTES, Uploads

MOST_AT_ONCE: Final = 200  # files of one scan: some seconds, as a rule
FOLDER: Final = "inbox"

_UNFINISHED: Final = (".part", ".partial", ".tmp", ".crdownload")  # who writes a file renames it when it is whole
_LONGEST_WORD: Final = 100
_LONGEST_NAME: Final = 255
_DEPTHS: Final = (5, 6)  # words of a place, the name among them
_SHAPE: Final = "put it under <platform>/<shop_id>/<domain>/<granularity>/, or one folder below that: <sub_domain>/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedFile:
    """A file that stays where it is, by its name alone, and why."""

    name: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Scanned:
    """What a scan found: how many files were taken in, how many of them were known by their bytes; `more` are left."""

    taken: int = 0
    known: int = 0
    refused: list[RefusedFile] = field(default_factory=list)
    more: bool = False


class Inbox:
    """Takes files in as if somebody had uploaded them."""

    def __init__(self, root: Path, *, uploads: Uploads, catalogue: Catalogue) -> None:
        """Take the root of uploads. A link leads nowhere here, so nothing outside of it is ever read."""
        self._folder = root.resolve() / FOLDER
        self._uploads = uploads
        self._catalogue = catalogue

    async def scan(self, *, owner: str) -> Scanned:
        """Take in up to 200 files, which become the owner's; those that cannot be read are told of and stay.

        A file leaves the inbox only when it is in the catalogue, and what takes its place meanwhile is left to the next
        scan. Raises StoreUnavailableError where PostgreSQL is away or the disk takes nothing; then those before are
        taken in, and the rest is there for the next time.
        """
        found = Scanned()
        for path in await asyncio.to_thread(lambda: list(self._candidates())):
            if found.taken + len(found.refused) == MOST_AT_ONCE:
                found.more = True
                break
            try:
                is_new = await self._take(path, owner)
            except (InvalidInputError, NotASpreadsheetError, _MisplacedError) as error:
                found.refused.append(RefusedFile(name=_shown(path.name), reason=str(error)))
            except FileNotFoundError:  # another scan was faster
                continue
            except OSError as error:
                found.refused.append(RefusedFile(name=_shown(path.name), reason=f"cannot be opened: {error.strerror}"))
            else:
                found.taken += 1
                found.known += not is_new
        return found

    def _candidates(self) -> Iterator[Path]:
        """Give files in the order of their paths; unfinished and hidden ones, and what a link leads to, are passed."""
        for folder, folders, names in os.walk(self._folder):  # it follows no links
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if not name.startswith(".") and path.suffix.lower() not in _UNFINISHED and not path.is_symlink():
                    yield path

    async def _take(self, path: Path, owner: str) -> bool:
        words = path.relative_to(self._folder).parts
        described = _described(words, owner)
        kept, about = await asyncio.to_thread(self._kept, path)
        _, is_new = await self._catalogue.add(described, kept)
        await asyncio.to_thread(_remove, path, about)
        return is_new

    def _kept(self, path: Path) -> tuple[Content, os.stat_result]:
        with _opened(path) as content:
            about = os.fstat(content.fileno())
            return self._uploads.keep(content), about


class _MisplacedError(Exception):
    """The place of a file does not say what it is."""


def _opened(path: Path) -> BinaryIO:
    """Open a plain file, not what somebody has put in its place meanwhile. Raises _MisplacedError."""
    if path.parent.resolve() != path.parent:
        raise _MisplacedError("its folder has become a link; put it into a plain folder")
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_BYTES:
        os.close(handle)
        is_file = stat.S_ISREG(about.st_mode)
        raise _MisplacedError(f"a file may have {LARGEST_BYTES:,} bytes" if is_file else "it is no plain file")
    return os.fdopen(handle, "rb")


def _remove(path: Path, about: os.stat_result) -> None:
    """Remove what was taken in, but nothing that has come into its place or was written to it meanwhile."""
    with suppress(FileNotFoundError):
        now = path.lstat()
        if os.path.samestat(now, about) and (now.st_size, now.st_mtime_ns) == (about.st_size, about.st_mtime_ns):
            path.unlink()


def _described(words: Sequence[str], owner: str) -> Description:
    if len(words) not in _DEPTHS:
        raise _MisplacedError(_SHAPE)
    platform, shop_id, domain, granularity, *sub_domains = words[:-1]
    if any(len(word) > _LONGEST_WORD or not word.isprintable() for word in words[:-1]):
        raise _MisplacedError(f"the folders' names may have {_LONGEST_WORD} printable characters")
    if domain not in set(Domain):
        raise _MisplacedError(f"there is no domain {domain!r}; there are: {', '.join(Domain)}")
    if granularity not in set(Granularity):
        raise _MisplacedError(f"there is no granularity {granularity!r}; there are: {', '.join(Granularity)}")
    return Description(
        name=_shown(words[-1]),
        source=Source(
            platform=platform,
            domain=Domain(domain),
            sub_domain="".join(sub_domains),
            granularity=Granularity(granularity),
        ),
        shop_id=shop_id,
        date_from=None,
        date_to=None,
        owner=owner,
    )


def _shown(name: str) -> str:
    """Give a name that can be printed and stored, whatever bytes it has."""
    return name.encode(errors="replace").decode()[:_LONGEST_NAME]
