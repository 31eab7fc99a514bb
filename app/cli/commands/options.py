"""Options that several commands take, and how their texts are read."""

import math
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

from app.cli.refusals import DeclinedError

Item = TypeVar("Item")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DOMAINS = click.Choice(["orders", "products", "inventory", "traffic", "services", "analytics"])
GRANULARITIES = click.Choice(["daily", "weekly", "monthly", "snapshot"])
PRIORITY = click.IntRange(1, 10)

watch_option = click.option("--watch", "-w", is_flag=True, help="Show how it goes, up to the end.")
limit_option = click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most."
)


def password_option(*, asks: bool) -> Decorator:
    """Make the option --password-stdin, which gives a `password`; `asks`: without it people are asked for one.

    They are asked before anything is connected, so that Ctrl-C ends it as it ends any question.
    """

    def read(ctx: click.Context, _: click.Parameter, from_stdin: bool) -> str | None:  # noqa: FBT001  click's signature
        if ctx.resilient_parsing or not (from_stdin or asks):
            return None
        return read_password(from_stdin=from_stdin, again=True)

    told = "Read the password from the standard input instead of asking for it."
    return click.option("--password-stdin", "password", is_flag=True, callback=read, help=told)


def asking(question: str) -> Decorator:
    """Make an option --yes, without which people are asked; the question may name the arguments that stand above it.

    It is asked before anything is connected, so that Ctrl-C ends it as it ends any question.
    """

    def ask(ctx: click.Context, _: click.Parameter, is_told: bool) -> None:  # noqa: FBT001  click's signature
        if is_told or ctx.resilient_parsing:
            return
        if not click.confirm(question.format(**ctx.params), err=True):
            raise DeclinedError("nothing was done")

    return click.option("--yes", "-y", is_flag=True, expose_value=False, callback=ask, help="Do it without asking.")


class Listing(click.Group):
    """A group that does its first command where none is named: `keys` is `keys list`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Give the names in their order."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first command before options that are not the group's own."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


class Moment(click.ParamType[datetime]):
    """A time, such as 2027-01-31T08:00; without a zone it is on the clock of who types it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401  click's signature
        """Read it."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):  # the latter: by the clock of who types it there is no such year
            self.fail(f"{value!r} is no time; write it as 2027-01-31T08:00", param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds, which has an end."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  click's signature
        """Read it."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return float(found)


def given(**options: object) -> dict[str, Any]:
    """Give the options that were typed: those that are neither None nor empty."""
    return {name: value for name, value in options.items() if value not in (None, ())}


def read_password(*, from_stdin: bool, again: bool = False) -> str:
    """Ask for a password without showing it, twice where it is a new one; or read the standard input's first line."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=again, err=True)
    return answer


async def gathered(items: AsyncIterator[Item]) -> Sequence[Item]:
    """Give the items of a list that fit on a page to be read."""
    return [item async for item in items]
