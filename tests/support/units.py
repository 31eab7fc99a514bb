"""The units of deploy/systemd, read, and made fit for this tree: systemd's tools look for the programs in them."""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/systemd"
HOME = "/opt/switchyard"  # where the units have the tree

SERVICES = ("switchyard-migrate", "switchyard-steward", "switchyard-web@", "switchyard-worker@")


def directives(unit: str) -> dict[str, list[str]]:
    """Give what a unit says, by the name of the directive, whatever its section."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / unit).read_text(encoding="utf-8").splitlines():
        name, is_one, value = line.partition("=")
        if is_one and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def command_of(service: str) -> list[str]:
    """Give what a service starts, by this tree's own programs."""
    (line,) = directives(f"{service}.service")["ExecStart"]
    program, *arguments = shlex.split(line)
    return [str(Path(sys.executable).with_name(Path(program).name)), *arguments]


def laid_out(folder: Path) -> Path:
    """Copy the units into a folder, with the tree below it in the place of HOME; give where they are."""
    home = folder / "home"
    (home / ".venv/bin").mkdir(parents=True)
    for name in ("python", "uvicorn"):
        (home / ".venv/bin" / name).symlink_to(Path(sys.executable).with_name(name))
    units = folder / "units"
    for path in FOLDER.rglob("*"):
        if path.is_file():
            copy = units / path.relative_to(FOLDER)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(path.read_text(encoding="utf-8").replace(HOME, str(home)), encoding="utf-8")
    return units
