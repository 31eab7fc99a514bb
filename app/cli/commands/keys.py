"""keys: list, add, revoke."""

import click

from app.cli.commands.options import Listing
from app.cli.output import Columns, brief, moment
from app.cli.session import Session, connected
from app.client.shapes.accounts import Key

_KEYS: Columns[Key] = {
    "ID": lambda key: key["id"],
    "NAME": lambda key: key["name"],
    "MADE": lambda key: brief(key["created_at"]),
    "EXPIRES": lambda key: brief(key["expires_at"]) or "never",
    "LAST USED": lambda key: brief(key["last_used_at"]),
}


@click.command("list", short_help="List your keys.")
@connected
async def list_keys(session: Session) -> None:
    """List your API keys, newest first, without their texts."""
    session.out.rows(await session.client.keys.list(), _KEYS, nothing="no keys")


@click.command("add", short_help="Make a key for a program.")
@click.argument("name")
@click.option("--days", type=click.IntRange(min=1), default=365, show_default=True, help="For how long it lets in.")
@click.option("--forever", is_flag=True, help="It lets in until it is revoked.")
@connected
async def add_key(session: Session, *, name: str, days: int, forever: bool) -> None:
    """Make an API key for a program; NAME says which. Its text is printed here, and never again."""
    key = await session.client.keys.add(name, expires_in_days=None if forever else days)
    facts = {"key": key["key"], "id": key["id"], "name": key["name"], "expires": moment(key["expires_at"]) or "never"}
    session.out.facts(key, facts)


@click.command("revoke", short_help="Revoke a key.")
@click.argument("key_id")
@connected
async def revoke_key(session: Session, *, key_id: str) -> None:
    """Let a key let nobody in any more."""
    session.out.rows([await session.client.keys.revoke(key_id)], _KEYS, nothing="")


keys = Listing("keys", commands=[list_keys, add_key, revoke_key], help="List, make and revoke your API keys.")
