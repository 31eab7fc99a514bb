"""limits, quota: how many requests and how many jobs."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import click

from app.cli.commands.options import Listing, asking
from app.cli.output import Columns, brief, moment
from app.cli.session import Session, connected
from app.client.shapes.limits import AllLimits, Bucket, Denial, LimitsInForce, RouteCount
from app.client.shapes.quotas import QuotaChange

_SETTING = re.compile(r"([a-z_]+)(?:\.([a-z_]+))?=(.+)")
_BUCKETS: Columns[Bucket] = {
    "LIMIT": lambda bucket: bucket["policy"],
    "RATE": lambda bucket: bucket["rate"],
    "LEFT": lambda bucket: f"{bucket['remaining']}/{bucket['limit']}",
    "FULL AT": lambda bucket: f"{datetime.fromtimestamp(bucket['reset']).astimezone():%H:%M:%S}",
}
_DENIALS: Columns[Denial] = {
    "LAST": lambda denial: brief(denial["at"]),
    "WHO": lambda denial: denial["rate_limit_key"],
    "LIMIT": lambda denial: denial["policy"],
    "ROUTE": lambda denial: denial["route"],
    "TIMES": lambda denial: denial["count"],
}
_ROUTES: Columns[RouteCount] = {
    "MINUTE": lambda count: moment(count["minute"]),
    "ROUTE": lambda count: count["route"],
    "ALLOWED": lambda count: count["allowed"],
    "DENIED": lambda count: count["denied"],
    "EXEMPT": lambda count: count["exempt"],
}


@click.command("own", short_help="Show how your own buckets stand.")
@connected
async def own(session: Session) -> None:
    """Show how your own buckets stand: how many requests are admitted now."""
    limits = await session.client.limits.own()
    if session.out.as_json:
        session.out.lines([limits])
        return
    session.out.rows(limits["buckets"], _BUCKETS, nothing="nobody can tell now")


@click.command("show", short_help="Show all limits.")
@connected
async def show(session: Session) -> None:
    """Show the limits in force, of all tiers. For administrators."""
    _show(session, await session.client.limits.show())


@click.command("set", short_help="Change limits.")
@click.argument("settings", metavar="NAME=LIMIT...", nargs=-1, required=True)
@connected
async def change(session: Session, *, settings: tuple[str, ...]) -> None:
    """Change limits, in every process within a second; those that are not named stay. For administrators.

    A name is one of those that `switchyard limits show` prints; a limit is written as 200/minute, `3 per 2 minutes` or
    `200/minute burst 40`: switchyard limits set normal.default=80/minute ip_guard=900/minute
    """
    in_force = await session.client.limits.show()
    limits = cast("dict[str, Any]", in_force["limits"])
    for setting in settings:
        _put(limits, setting)
    changed = await session.client.limits.change(cast("AllLimits", limits), version=in_force["version"])
    _show(session, changed)


@click.command("stats", short_help="Show what was asked for.")
@click.option("--minutes", type=click.IntRange(1, 60), default=60, show_default=True, help="How many minutes back.")
@connected
async def statistics(session: Session, *, minutes: int) -> None:
    """Show how many requests of which route were allowed and denied, by minute. For administrators."""
    found = await session.client.limits.statistics(minutes=minutes)
    if session.out.as_json:
        session.out.lines([found])
        return
    session.out.rows(found["items"], _ROUTES, nothing="nothing was asked for")
    session.out.note(f"{found['allowed']} allowed, {found['denied']} denied, {found['exempt']} without a limit")


@click.command("clear", short_help="Forget what was counted.")
@asking("Forget what was counted of all requests, those that were denied too?")
@connected
async def clear(session: Session) -> None:
    """Forget what was counted of requests, denials and anomalies; limits stay as they are. For administrators."""
    await session.client.limits.clear_statistics()
    if session.out.as_json:
        session.out.lines([{"cleared": True}])
    else:
        session.out.say("what was counted is forgotten")


@click.command("denials", short_help="Show who was denied.")
@connected
async def denials(session: Session) -> None:
    """Show the last requests that were denied, newest first. For administrators."""
    session.out.rows(await session.client.limits.denials(), _DENIALS, nothing="nobody was denied")


limits = Listing(
    "limits", commands=[own, show, change, statistics, denials, clear], help="Show and change rate limits."
)


@click.command("quota")
@click.argument("owner", required=False)
@click.option("--running", metavar="NUMBER", help="How many of his jobs may run at once; `tier` for his tier's.")
@click.option("--waiting", metavar="NUMBER", help="How many of his jobs may be unfinished; `tier` for his tier's.")
@connected
async def quota(session: Session, *, owner: str | None, running: str | None, waiting: str | None) -> None:
    """Show how many jobs you may have, and have. OWNER, a user's id, and the options are for administrators."""
    changes = QuotaChange()
    if running is not None:
        changes["max_running"] = _number(running)
    if waiting is not None:
        changes["max_waiting"] = _number(waiting)
    quotas = session.client.quotas
    if changes and owner is None:
        raise click.UsageError("say whose quota is to change")
    found = await (quotas.change(owner, **changes) if changes and owner else quotas.show(owner))
    facts = {
        "owner": found["owner"],
        "tier": found["tier"],
        "running": f"{found['running']} of {found['limits']['max_running']}",
        "unfinished": f"{found['used']} of {found['limits']['max_waiting']}",
        "free": found["free"],
    }
    session.out.facts(found, facts)


def _show(session: Session, in_force: LimitsInForce) -> None:
    names = _named(in_force["limits"])
    told = "the settings" if in_force["changed_by"] is None else in_force["changed_by"]
    facts = {**names, "since": moment(in_force["changed_at"]), "by": told}
    session.out.facts(in_force, facts)


def _named(limits: AllLimits) -> Mapping[str, str]:
    """Give all limits by the names that `set` takes."""
    tiers = cast("Mapping[str, Mapping[str, str]]", limits["tiers"])
    return {
        **{f"{tier}.{category}": limit for tier, its in tiers.items() for category, limit in its.items()},
        **cast("Mapping[str, str]", limits["endpoints"]),
        "ip_guard": limits["ip_guard"],
    }


def _put(limits: dict[str, Any], setting: str) -> None:
    found = _SETTING.fullmatch(setting)
    if found is None:
        raise click.BadParameter(f"{setting!r} is no limit: write it as normal.default=80/minute")
    name, category, limit = found.groups()
    if category is not None and category in limits["tiers"].get(name, ()):
        limits["tiers"][name][category] = limit
    elif category is None and name in limits["endpoints"]:
        limits["endpoints"][name] = limit
    elif category is None and name == "ip_guard":
        limits["ip_guard"] = limit
    else:
        names = ", ".join(_named(cast("AllLimits", limits)))
        raise click.BadParameter(f"{setting!r} names no limit; there are: {names}")


def _number(text: str) -> int | None:
    if text == "tier":
        return None
    if not text.isdecimal():
        raise click.BadParameter(f"{text!r} is neither a number nor `tier`")
    return int(text)
