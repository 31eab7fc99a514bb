"""cache: show, clear."""

import click

from app.cli.commands.options import Listing, asking
from app.cli.output import Columns
from app.cli.session import Session, connected
from app.client.shapes.cache import CacheType

_TYPES: Columns[CacheType] = {
    "TYPE": lambda kind: kind["type"],
    "HITS": lambda kind: kind["hits"],
    "MISSES": lambda kind: kind["misses"],
    "RATE": lambda kind: None if kind["hit_rate"] is None else f"{kind['hit_rate']:.0%}",
    "SETS": lambda kind: kind["sets"],
    "ERRORS": lambda kind: kind["errors"],
}


@click.command("show", short_help="Show what the cache does.")
@connected
async def show(session: Session) -> None:
    """Show, by type of value, how many reads were answered by the cache, and how many asked PostgreSQL."""
    session.out.rows(await session.client.cache.statistics(), _TYPES, nothing="nothing is cached")


@click.command("clear", short_help="Clear a type of cached values.")
@click.argument("kind", metavar="TYPE")
@asking("Clear all cached values of {kind}? They are read from PostgreSQL again.")
@connected
async def clear(session: Session, *, kind: str) -> None:
    """Clear all cached values of TYPE, at once and in every process. For administrators."""
    await session.client.cache.clear(kind)
    if session.out.as_json:
        session.out.lines([{"type": kind, "cleared": True}])
    else:
        session.out.say(f"{kind} is cleared")


cache = Listing("cache", commands=[show, clear], help="Show and clear what is cached.")
