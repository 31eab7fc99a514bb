"""The Procfile's lines as data; nothing is started here."""

import re
from pathlib import Path

from deploy.local.errors import DevError

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


def read_procfile(path: Path) -> dict[str, str]:
    """Command by process name, in the file's order; blank lines and those that begin with `#` do not count."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        raise DevError(f"there is no {path}") from None
    commands: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or found[1] in commands:
            raise DevError(f"{path}, line {number}: expected `name: command`, each name once")
        commands[found[1]] = found[2]
    return commands
