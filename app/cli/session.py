"""What a command is handed: a client of the site, and where to print. A command is an async function of that."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import click

from app.cli.output import Output
from app.cli.refusals import MisusedError, told_to_people
from app.cli.settings import SettingsError, Site, find_patience, find_site
from app.cli.statuses import Status
from app.cli.streams import print_nowhere
from app.client import Client, ClientError, Patience, ProblemError

_SHORT_S = 1.0  # waits that nobody needs to be told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's."""

    client: Client
    out: Output


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


def connected(command: Callable[..., Awaitable[int | None]]) -> Callable[..., int]:
    """Make of an async function, whose first argument is a Session, what click calls; it has the option --json.

    What that gives is the exit status, None for 0.
    """

    def call(*, as_json: bool, **options: Any) -> int:  # noqa: ANN401  whatever click has read
        site, out = known_site(), Output(as_json=as_json)
        return run(site.url, site.key, out, lambda session: command(session, **options))

    update_wrapper(call, command)
    return json_option(call)


def known_site() -> Site:
    """Give the site that the environment or the file names. Raises MisusedError."""
    try:
        return find_site(os.environ)
    except SettingsError as error:
        raise MisusedError(str(error)) from None


def run(
    url: str,
    key: str | None,
    out: Output,
    deed: Callable[[Session], Awaitable[int | None]],
    *,
    patience: Patience | None = None,
) -> int:
    """Do something with a site; give the exit status. Raises what click shows. Without `patience` it is the setting."""

    def retrying(error: ClientError, pause_s: float) -> None:
        if pause_s >= _SHORT_S:
            why = error.title if isinstance(error, ProblemError) else str(error)
            out.note(f"{why}; trying again in {pause_s:.0f} s")

    async def do() -> int | None:
        try:
            client = Client(url, key, patience=patience or find_patience(os.environ), retrying=retrying)
        except (SettingsError, ValueError, ImportError) as error:  # ImportError: for a proxy of a kind
            raise MisusedError(str(error)) from None
        except OSError as error:
            raise MisusedError(f"SSL_CERT_FILE or SSL_CERT_DIR: {error.strerror or error}") from None
        async with client:
            return await deed(Session(client=client, out=out))

    try:
        with told_to_people():
            return asyncio.run(do()) or Status.DONE
    except UnicodeEncodeError:  # what was typed is sent as it is
        raise MisusedError("an argument has bytes in it that are no text in UTF-8") from None
    except BrokenPipeError:
        print_nowhere()
        return Status.UNREAD
