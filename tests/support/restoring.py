"""A backup that is brought back as the guide says."""

import os
import re
from collections.abc import Mapping

from tests.support.processes import ROOT, started

_GUIDE = ROOT / "deploy/README.md"


async def restored(environ: Mapping[str, str], url: str) -> None:
    """Bring the one backup in JOBS_BACKUP_DIR back into an empty database, by the guide's own command."""
    (command,) = re.findall(r"^ +(pg_restore .*)$", _GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    path = f"{environ['JOBS_POSTGRES_BIN']}{os.pathsep}{os.environ['PATH']}"
    async with started(("bash", "-c", command), {**environ, "RESTORED": url, "PATH": path}) as restoring:
        assert await restoring.ends(within_s=60) == 0, restoring.lines
