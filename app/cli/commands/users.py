"""users: list, add, change. For administrators."""

import click

from app.cli.commands.options import Listing, gathered, given, limit_option, password_option, read_password
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.accounts import Role, User

_ROLES = click.Choice(["admin", "premium", "normal"])
_USERS: Columns[User] = {
    "ID": lambda user: user["id"],
    "USERNAME": lambda user: user["username"],
    "ROLE": lambda user: user["role"],
    "DISABLED": lambda user: user["disabled"],
    "SINCE": lambda user: brief(user["created_at"]),
}


@click.command("list", short_help="List users, newest first.")
@limit_option
@connected
async def list_users(session: Session, *, limit: int) -> None:
    """List users, newest first."""
    session.out.rows(await gathered(session.client.users.list(most=limit)), _USERS, nothing="no users")


@click.command("add", short_help="Add a user.")
@click.argument("username")
@click.option("--role", type=_ROLES, default="normal", show_default=True)
@password_option(asks=True)
@connected
async def add_user(session: Session, *, username: str, role: Role, password: str) -> None:
    """Add a user, with a password of 10 characters or more, which you are asked for."""
    session.out.rows([await session.client.users.add(username, password, role=role)], _USERS, nothing="")


@click.command("change", short_help="Change a user's role or password, or disable him.")
@click.argument("user_id")
@click.option("--role", type=_ROLES)
@click.option(
    "--password",
    "asked",
    is_flag=True,
    callback=lambda _, __, is_wanted: read_password(from_stdin=False, again=True) if is_wanted else None,
    help="Give him another password; his sessions end.",
)
@click.option("--disable", is_flag=True, help="Take his sessions and keys away, at once and for good.")
@password_option(asks=False)
@connected
async def change_user(
    session: Session, *, user_id: str, asked: str | None, disable: bool, password: str | None, role: Role | None
) -> None:
    """Change a user's role or password, or disable him."""
    changes = given(password=password or asked, disabled=disable or None, role=role)
    if not changes:
        raise click.UsageError("say what is to change: --role, --password or --disable")
    session.out.rows([await session.client.users.change(user_id, **changes)], _USERS, nothing="")


users = Listing(
    "users", commands=[list_users, add_user, change_user], help="List, add and change users. For administrators."
)
