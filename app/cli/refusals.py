"""From what the client raises to what a person reads: what is wrong, with which field, and what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.cli.output import plain
from app.cli.statuses import Status
from app.client import (
    ClientError,
    ForbiddenError,
    ForeignAnswerError,
    NotFoundError,
    ProblemError,
    RateLimitedError,
    UnauthenticatedError,
    UnreachableError,
    UntrustedError,
)

# What to do, where the problem itself does not say so.
_MENDS: tuple[tuple[type[ClientError], str], ...] = (
    (UnauthenticatedError, "log in again: `switchyard login`"),
    (ForbiddenError, "ask an administrator, or log in as one"),
    (NotFoundError, "others' things are not shown either: is it yours?"),
    (RateLimitedError, "`switchyard limits` shows how your buckets stand"),
    (UntrustedError, "is it signed by an authority of your own? Name its certificate in SSL_CERT_FILE"),
    (ForeignAnswerError, "look at SWITCHYARD_URL, or log in to the right address: `switchyard login URL`"),
)


class MisusedError(click.ClickException):
    """The settings are wrong."""

    exit_code = Status.USAGE


class RefusedError(click.ClickException):
    """The site said no."""

    exit_code = Status.REFUSED


class UnansweredError(click.ClickException):
    """No site answered."""

    exit_code = Status.UNREACHABLE


class DeclinedError(click.ClickException):
    """Who was asked has said no."""

    exit_code = Status.INTERRUPTED


@contextmanager
def told_to_people() -> Iterator[None]:
    """Raise RefusedErrors and UnansweredErrors in place of ClientErrors."""
    try:
        yield
    except ClientError as error:
        raise refusal_of(error) from error


def refusal_of(error: ClientError) -> click.ClickException:
    """Give what a person reads of an error."""
    if isinstance(error, ProblemError):
        return RefusedError(plain(_problem(error)))
    lines = [str(error)]
    if isinstance(error, UnreachableError) and error.may_have_arrived:
        lines.append("it may have arrived all the same: look before you try again")
    return UnansweredError(plain("\n  ".join([*lines, *_mend(error)])))


def _problem(error: ProblemError) -> str:
    lines = [str(error), *_mend(error)]
    if error.retry_after_s is not None:
        lines.append(f"try again in {error.retry_after_s:.0f} s")
    if error.request_id:
        lines.append(f"request {error.request_id}")
    return "\n  ".join(lines)


def _mend(error: ClientError) -> list[str]:
    return [mend for kind, mend in _MENDS if isinstance(error, kind)]
