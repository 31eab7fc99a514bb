"""`.local/site.json`: how `./dev demo` finds the site that `./dev run` runs; there only while it runs."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.admin_key import write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCard:
    """The running site; `admin_key_file` is empty when the key came from the environment."""

    url: str
    admin_key_file: str
    database_url: str
    redis_url: str
    pid: int


def card_path(root: Path) -> Path:
    """Where the card of the tree `root` lies."""
    return root / ".local" / "site.json"


def write_card(root: Path, card: SiteCard) -> None:
    """Lay the card out; only its owner may read it, since the URLs may have passwords."""
    write_private(card_path(root), json.dumps(asdict(card), indent=2) + "\n")


def read_card(root: Path) -> SiteCard | None:
    """Return the card of the running site; none when its process is gone, as after a SIGKILL."""
    try:
        text = card_path(root).read_text()
    except FileNotFoundError:
        return None
    card = SiteCard(**json.loads(text))
    try:
        os.kill(card.pid, 0)
    except OSError:
        return None
    return card
