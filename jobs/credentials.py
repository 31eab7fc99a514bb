"""Settings that lie in files, as systemd and container platforms hand secrets over. Their meaning is not known here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from jobs.errors import SettingsError

FOLDER: Final = "CREDENTIALS_DIRECTORY"  # systemd sets it; anybody may


def credentials(environ: Mapping[str, str], wanted: Callable[[str], bool]) -> dict[str, str]:
    """Read the files of the folder that CREDENTIALS_DIRECTORY names, by name, those whose names are wanted.

    Links are followed: Kubernetes has nothing else there. Raises SettingsError, which repeats nothing of a file, where
    one cannot be read.
    """
    folder = environ.get(FOLDER, "").strip()
    if not folder:
        return {}
    try:
        names = sorted(path.name for path in Path(folder).iterdir() if wanted(path.name) and path.is_file())
    except OSError as error:
        raise SettingsError(f"{FOLDER}: {error.strerror}") from None
    return {name: _read(Path(folder, name)) for name in names}


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file.name}: its file cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file.name}: its file is not UTF-8") from None
