"""The template by which the site reads the demonstration's orders; made once, then found."""

import csv
from pathlib import Path

from deploy.demo.api import Api

PLACE = {"platform": "demo", "domain": "orders", "granularity": "daily"}

_PATH = "/api/data-sync/templates"
_KEY_FIELDS = ["订单号", "商品编码"]
_DATE_FIELD = "下单时间"


def ensure_template(api: Api, orders: Path) -> bool:
    """See that a published template is there, with the header of the CSV file `orders`; whether it was made now."""
    known = api.get(_PATH, **PLACE)["items"]
    if any(template["state"] == "published" for template in known):
        return False
    with orders.open(encoding="utf-8-sig", newline="") as file:
        fields = next(csv.reader(file))
    template = api.post(
        _PATH,
        {
            **PLACE,
            "header_row": 1,
            "fields": fields,
            "key_fields": _KEY_FIELDS,
            "required_fields": _KEY_FIELDS,
            "date_rule": {"field": _DATE_FIELD},
        },
    )
    api.post(f"{_PATH}/{template['id']}/publish", {})
    return True
