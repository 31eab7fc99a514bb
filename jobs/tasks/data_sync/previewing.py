"""A look at a file before it is synced: what its headers and first rows are, and which template it would be read by."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from jobs.tasks.data_sync.errors import FileRefusedError, ReaderDiedError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import CatalogueFile, DateRule, Layout, Template
from jobs.tasks.data_sync.reading import preview
from jobs.tasks.data_sync.templates import TemplateStore
from jobs.tasks.data_sync.uploads import Uploads

ROWS: Final = 20

_LONGEST_S: Final = 15.0
# Who looks waits for it: a workbook that takes more than this is synced by a worker, and shown by its facts.
_LIMITS: Final = ReadLimits(memory_bytes=512 * 1024 * 1024, processor_s=10)
_AS_IT_STANDS: Final = Layout(header_row=1, fields=(), key_fields=(), required_fields=(), date_rule=DateRule(field=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What is in a file. `template` is None where none fits; `problem` says why nothing can be shown, else None."""

    template: Template | None
    shown: dict[str, Any] | None
    problem: str | None


class Previews:
    """Looks into files, each by a process that is gone afterwards."""

    def __init__(self, templates: TemplateStore, uploads: Uploads) -> None:
        self._templates = templates
        self._uploads = uploads
        self.under_way = 0  # files that are being looked into; whoever asks says how many may be

    async def of(self, file: CatalogueFile) -> Preview:
        """Read the first twenty rows below the headers, where the file's template says they are, else below row 1."""
        self.under_way += 1
        try:
            return await self._look(file)
        finally:
            self.under_way -= 1

    async def _look(self, file: CatalogueFile) -> Preview:
        template = await self._templates.match(file.source)
        layout = _AS_IT_STANDS if template is None else template.layout
        path = self._uploads.path_of(file.sha256)
        try:
            async with asyncio.timeout(_LONGEST_S):
                shown = await preview(path, file.format, layout, _LIMITS, rows=ROWS)
        except (FileRefusedError, ReaderDiedError) as error:
            return Preview(template=template, shown=None, problem=str(error))
        except TimeoutError:
            problem = f"Its first rows were not read within {_LONGEST_S:.0f} seconds."
            return Preview(template=template, shown=None, problem=problem)
        return Preview(template=template, shown=shown, problem=None)
