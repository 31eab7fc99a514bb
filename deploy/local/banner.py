"""What `./dev run` prints when the site answers: where it is and what to try first."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.binaries import find_postgres
from deploy.local.errors import DevError

KEY_FILE = ".local/admin-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The facts; `new_key` is the admin key if it was made just now, `key_in_file` whether the file has it."""

    root: Path
    url: str
    new_key: str
    key_in_file: bool
    database_url: str
    diagnostics: bool

    def text(self) -> str:
        """Return the lines, with an empty one around them."""
        facts = [
            f"Switchyard is running: {self.url}",
            f"  admin key   {self._key()}",
            f"  pages       {self.url}/: log in there with this key",
            f"  data, logs  {self.root / '.local'}",
            "  to stop     Ctrl-C",
            "Try, in another terminal:",
        ]
        return "\n".join(["", *facts, *(f"  {command}" for command in self._commands()), ""])

    def _key(self) -> str:
        if self.new_key:
            return f"{self.new_key}  (kept in {KEY_FILE}, not printed again)"
        return f"in {KEY_FILE}" if self.key_in_file else "the one in APP_ADMIN_API_KEY"

    def _commands(self) -> Iterator[str]:
        if self.root != Path.cwd():
            yield f"cd {shlex.quote(str(self.root))}"
        yield "./dev demo"
        key = f"$(cat {KEY_FILE})" if self.key_in_file else "$APP_ADMIN_API_KEY"
        curl = f'curl -H "Authorization: Bearer {key}"'
        site = f'SWITCHYARD_URL={self.url} SWITCHYARD_API_KEY="{key}"'
        yield f"{site} .venv/bin/switchyard users add ada --role admin   # who has a password"
        if self.diagnostics:
            job = """-H 'Content-Type: application/json' -d '{"task": "diag.sleep", "args": {"seconds": 1}}'"""
            yield f"{curl} {job} {self.url}/api/jobs"
        yield f"{curl} {self.url}/api/tasks"
        try:
            psql = find_postgres().folder / "psql"
        except DevError:
            return
        if psql.is_relative_to(self.root):
            psql = psql.relative_to(self.root)
        query = "SELECT platform, domain, count(*) FROM facts GROUP BY 1, 2"
        # One with a password is the user's own, who has it in the environment: a terminal's text gets copied around.
        address = '"$DATABASE_URL"' if urlsplit(self.database_url).password else shlex.quote(self.database_url)
        yield f"{shlex.quote(str(psql))} {address} -c {shlex.quote(query)}"
