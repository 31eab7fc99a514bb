"""login, logout: the file with the site's address and one's key."""

import os
import sys
from pathlib import Path

import click

from app.cli.commands.options import read_password
from app.cli.output import Output, moment
from app.cli.refusals import MisusedError
from app.cli.session import Session, json_option, run
from app.cli.settings import KEY, URL, SettingsError, Site, config_path, read_site, write_site
from app.cli.statuses import Status
from app.client import UnauthenticatedError


@click.command("login")
@click.argument("url", required=False)
@click.option("--username", help="Who you are.  [default: you are asked]")
@click.option("--with-key", is_flag=True, help="Enter an API key instead of username and password.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password or key from the standard input.")
@json_option
def login(*, url: str | None, username: str | None, with_key: bool, from_stdin: bool, as_json: bool) -> int:
    """Log in to the site at URL, such as http://127.0.0.1:8000, and keep what lets you in in a file that only you read.

    By username and password that is a session, which ends by itself; with --with-key it is an API key, which is for
    programs and lasts longer. Without URL it is the site where you were last.
    """
    out, path = Output(as_json=as_json), config_path(os.environ)
    address = (url or os.environ.get(URL) or _former(path) or click.prompt("Address", err=True)).rstrip("/")
    if with_key:
        key = sys.stdin.readline().strip() if from_stdin else click.prompt("Key", hide_input=True)
        status = run(address, key, out, _greet)
    else:
        name = username or click.prompt("Username", err=True)
        password = read_password(from_stdin=from_stdin)
        tokens: list[str] = []
        status = run(address, None, out, lambda session: _begin(session, name, password, tokens))
        key = tokens[0]
    _keep(path, Site(url=address, key=key))
    out.note(f"kept in {path}")
    if os.environ.get(URL) or os.environ.get(KEY):
        out.note(f"{URL} and {KEY} are set, and go before it")
    return status


@click.command("logout")
@json_option
def logout(*, as_json: bool) -> int:
    """End the session that `login` has begun, and forget its token; an API key is only forgotten."""
    out, path = Output(as_json=as_json), config_path(os.environ)
    try:
        site = read_site(path)
    except SettingsError as error:
        raise MisusedError(str(error)) from None
    if site is None or site.key is None:
        out.note("you are not logged in")
        return Status.DONE
    _keep(path, Site(url=site.url, key=None))
    return run(site.url, site.key, out, _end)


def _keep(path: Path, site: Site) -> None:
    try:
        write_site(path, site)
    except SettingsError as error:
        raise MisusedError(str(error)) from None


def _former(path: Path) -> str | None:
    try:
        site = read_site(path)
    except SettingsError:
        return None  # it is about to be written anew
    return None if site is None else site.url


async def _greet(session: Session) -> None:
    me = await session.client.accounts.me()
    session.out.facts(me, {"you are": me["username"], "role": me["role"]})


async def _begin(session: Session, username: str, password: str, tokens: list[str]) -> None:
    begun = await session.client.accounts.login(username, password)
    tokens.append(begun["token"])
    user = begun["user"]
    facts = {"you are": user["username"], "role": user["role"], "until": moment(begun["expires_at"])}
    session.out.facts({**user, "expires_at": begun["expires_at"]}, facts)


async def _end(session: Session) -> None:
    try:
        await session.client.accounts.logout()
    except UnauthenticatedError:
        session.out.note("the session was over")
