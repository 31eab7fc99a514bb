"""`./dev demo`, or `python -m deploy.demo`: which site, which files, and what came of it."""

import os
import subprocess
import sys
from pathlib import Path

from deploy.demo.api import Api, DemoError
from deploy.demo.sync import sync_file
from deploy.demo.template import ensure_template
from deploy.local.binaries import find_postgres
from deploy.local.errors import DevError
from deploy.local.site_card import read_card

ROOT = Path(__file__).resolve().parents[2]
FILES = tuple(Path(__file__).with_name(name) for name in ("orders.csv", "orders.xlsx"))

_READY_WITHIN_S = 60.0
_COUNT = "SELECT count(*) FROM facts WHERE platform = 'demo'"


def main() -> int:
    """Run the demonstration; 0 when every file succeeded, else 1."""
    try:
        api, database_url = _find_site()
        api.wait_ready(_READY_WITHIN_S)
        made = ensure_template(api, FILES[0])
        print(f"template for demo orders: {'published' if made else 'already there'}")
        outcomes = [sync_file(api, file) for file in FILES]
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _print_facts(database_url)
    return 0 if all(outcomes) else 1


def _find_site() -> tuple[Api, str]:
    """Return the site that the environment names, else the one that `./dev run` runs here; and its database."""
    key = os.environ.get("APP_ADMIN_API_KEY", "")
    if url := os.environ.get("SWITCHYARD_URL"):
        if not key:
            raise DemoError("SWITCHYARD_URL is set: set APP_ADMIN_API_KEY too")
        return Api(url, key), os.environ.get("DATABASE_URL", "")
    card = read_card(ROOT)
    if card is None:
        raise DemoError("no site runs here: start ./dev run in another terminal, or set SWITCHYARD_URL")
    if card.admin_key_file:
        key = Path(card.admin_key_file).read_text().strip()
    if not key:
        raise DemoError("the site has its key from APP_ADMIN_API_KEY: set that here too")
    return Api(card.url, key), card.database_url


def _print_facts(database_url: str) -> None:
    """Print how many rows the database has, where psql and the database are at hand."""
    if not database_url:
        return
    try:
        psql = find_postgres().folder / "psql"
    except DevError:
        return
    asked = subprocess.run(
        [psql, "-X", "-A", "-t", "-c", _COUNT, database_url],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if asked.returncode == 0:
        print(f"rows of platform demo in the table facts: {asked.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main())
