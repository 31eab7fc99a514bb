"""shops: list, add, change, delete."""

import click

from app.cli.commands.options import Listing, asking, gathered, given, limit_option
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.shops import Shop

_SHOPS: Columns[Shop] = {
    "ID": lambda shop: shop["id"],
    "PLATFORM": lambda shop: shop["platform"],
    "SHOP": lambda shop: shop["shop_id"],
    "NAME": lambda shop: shop["name"],
    "ENABLED": lambda shop: shop["enabled"],
    "CHANGED": lambda shop: brief(shop["changed_at"]),
}


@click.command("list", short_help="List shops, newest first.")
@click.option("--platform", help="Only those of this platform.")
@click.option("--enabled/--disabled", default=None, help="Only those that are, or are not.")
@limit_option
@connected
async def list_shops(session: Session, *, platform: str | None, enabled: bool | None, limit: int) -> None:
    """List the shops' accounts on sales platforms, newest first."""
    found = await gathered(session.client.shops.list(most=limit, **given(platform=platform, enabled=enabled)))
    session.out.rows(found, _SHOPS, nothing="no shops")


@click.command("add", short_help="Enter a shop.")
@click.argument("platform")
@click.argument("shop_id", metavar="SHOP")
@click.option("--name", help="What people call it.  [default: as SHOP]")
@click.option("--disabled", is_flag=True, help="It is not in use yet.")
@connected
async def add_shop(session: Session, *, platform: str, shop_id: str, name: str | None, disabled: bool) -> None:
    """Enter a shop's account, under its name on PLATFORM. For administrators."""
    made = await session.client.shops.add(platform, shop_id, name or shop_id, enabled=not disabled)
    session.out.rows([made], _SHOPS, nothing="")


@click.command("change", short_help="Rename, enable or disable a shop.")
@click.argument("account_id", metavar="ID")
@click.option("--name", help="What people call it.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether it is in use.")
@connected
async def change_shop(session: Session, *, account_id: str, name: str | None, enabled: bool | None) -> None:
    """Rename, enable or disable a shop. For administrators."""
    changes = given(name=name, enabled=enabled)
    if not changes:
        raise click.UsageError("say what is to change: --name, --enable or --disable")
    session.out.rows([await session.client.shops.change(account_id, **changes)], _SHOPS, nothing="")


@click.command("delete", short_help="Delete a shop.")
@click.argument("account_id", metavar="ID")
@asking("Delete the account {account_id}?")
@connected
async def delete_shop(session: Session, *, account_id: str) -> None:
    """Delete a shop's account; its files and facts stay. For administrators."""
    session.out.rows([await session.client.shops.delete(account_id)], _SHOPS, nothing="")


shops = Listing(
    "shops", commands=[list_shops, add_shop, change_shop, delete_shop], help="List, enter and change shops."
)
