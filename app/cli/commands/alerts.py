"""alerts."""

from typing import Any

import click

from app.cli.commands.options import gathered, given, limit_option
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.client.shapes.alerts import Alert

_ALERTS: Columns[Alert] = {
    "SKU": lambda alert: alert["sku"],
    "SOURCE": lambda alert: "/".join(
        part for part in (alert["platform"], alert["shop_id"], alert["warehouse"]) if part is not None
    ),
    "STOCK": lambda alert: f"{alert['stock']:g}",
    "SAFE": lambda alert: f"{alert['safety_stock']:g}",
    "DAY": lambda alert: alert["business_date"],
    "SINCE": lambda alert: brief(alert["opened_at"]),
    "UNTIL": lambda alert: brief(alert["closed_at"]),
}


@click.command("alerts")
@click.option("--state", type=click.Choice(["open", "closed"]), help="Whether it holds still.")
@click.option("--platform", help="Only those of this platform.")
@click.option("--shop", "shop_id", help="Only those of this shop.")
@click.option("--sku", help="Only those of this product.")
@limit_option
@connected
async def alerts(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """List items below their safety stock, and those that were, the last first."""
    found = await gathered(session.client.alerts.list(most=limit, **given(**wanted)))
    session.out.rows(found, _ALERTS, nothing="no alerts")
