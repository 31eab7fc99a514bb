"""Where the site is and by which key one comes in: from the environment, else from a file that only its owner reads."""

import json
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.client import Patience

URL = "SWITCHYARD_URL"
KEY = "SWITCHYARD_API_KEY"
PATIENCE = "SWITCHYARD_PATIENCE_S"

_OTHERS = 0o077


class SettingsError(Exception):
    """What is wrong with the settings, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site's address, and a key or a session's token; None where none is known."""

    url: str
    key: str | None


def config_path(environ: Mapping[str, str]) -> Path:
    """Give the path of the file, `~/.config/switchyard/config.toml`; whether it is there is not looked at."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "switchyard" / "config.toml"


def find_site(environ: Mapping[str, str]) -> Site:
    """Give the site to ask; what the environment says goes before the file. Raises SettingsError.

    The file's key is for the file's address: it is not sent to another that the environment names.
    """
    url, key = environ.get(URL, "").rstrip("/"), environ.get(KEY)
    kept = None if url and key else read_site(config_path(environ))
    if not url:
        if kept is None:
            raise SettingsError(f"which site? Run `switchyard login URL`, or set {URL} and {KEY}")
        url = kept.url
    if not key and kept is not None and kept.url == url:
        key = kept.key
    if not key:
        raise SettingsError(f"there is no key for {url}: run `switchyard login {url}`, or set {KEY}")
    return Site(url=url, key=key)


def find_patience(environ: Mapping[str, str]) -> Patience:
    """Say how long a site that does not answer is asked again; where nothing is set, a minute. Raises SettingsError."""
    text = environ.get(PATIENCE)
    if not text:
        return Patience()
    try:
        total_s = float(text)
    except ValueError:
        total_s = -1.0
    if not 0 <= total_s < math.inf:
        raise SettingsError(f"{PATIENCE} is {text!r}, which is no number of seconds: 0 is to be asked once")
    return Patience(total_s=total_s)


def read_site(path: Path) -> Site | None:
    """Read the file; None where there is none. Raises SettingsError, also where others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                raise SettingsError(f"{path} has a key, and others may read it: run `chmod 600 {path}`")
            told = tomllib.load(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}; run `switchyard login` to write it anew") from None
    unknown = ", ".join(sorted(told.keys() - {"url", "key"}))
    if unknown or not isinstance(told.get("url"), str) or not isinstance(told.get("key", ""), str):
        wrong = f"knows nothing of {unknown}" if unknown else "needs a text `url`, and may have a text `key`"
        raise SettingsError(f"{path} {wrong}; run `switchyard login` to write it anew")
    return Site(url=told["url"].rstrip("/"), key=told.get("key"))


def write_site(path: Path, site: Site) -> None:
    """Write the file, whole or not at all; its owner alone may read it, and its folder if that is new.

    Raises SettingsError where it cannot be written.
    """
    try:
        _write(path, site)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def _write(path: Path, site: Site) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = {"url": site.url} if site.key is None else {"url": site.url, "key": site.key}
    # A JSON string is a basic string of TOML too.
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
