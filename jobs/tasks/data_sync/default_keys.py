"""Which fields tell rows apart where a template does not say: by domain, those that exports call so. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from jobs.errors import InvalidInputError, Mistake
from jobs.inventory import Column, StockColumns, plain_name
from jobs.tasks.data_sync.model import Domain

# The first of these that a file has is taken.
_ORDER: Final = (
    *("order no", "order number", "order id", "order sn", "invoice no", "invoice number"),
    *("订单号", "订单编号", "订单id", "主订单号", "主订单编号", "子订单号", "子订单编号"),
)
_SERVICE: Final = (
    *("service id", "service no", "service number", "case id", "ticket id", "ticket no", "refund id", "return id"),
    *(
        "服务单号",
        "服务单编号",
        "服务id",
        "售后单号",
        "售后单编号",
        "售后编号",
        "退款单号",
        "退款编号",
        "工单号",
        "工单编号",
    ),
)
_SAID: Final[Mapping[Domain, str]] = {
    Domain.ORDERS: "order no.",
    Domain.PRODUCTS: "SKU",
    Domain.INVENTORY: "SKU",
    Domain.SERVICES: "service id",
}


def default_keys(domain: Domain, fields: Sequence[str], *, day: str) -> tuple[str, ...]:
    """Give the key fields of a domain's files; `day` is the field of the business date, a key of each day alone.

    Orders have their number, products the SKU, inventory the SKU and, where there is one, the warehouse, services their
    id and the day, traffic and analytics the day. Platform and shop are part of each row's identity anyway. Raises
    InvalidInputError where no field is called so.
    """
    columns = StockColumns().found_in(fields)
    warehouse = [columns[Column.WAREHOUSE]] if Column.WAREHOUSE in columns else []
    match domain:
        case Domain.TRAFFIC | Domain.ANALYTICS:
            found: str | None = day
            others: list[str] = []
        case Domain.ORDERS:
            found, others = _named(_ORDER, fields), []
        case Domain.SERVICES:
            found, others = _named(_SERVICE, fields), [day]
        case Domain.PRODUCTS | Domain.INVENTORY:
            found, others = columns.get(Column.SKU), warehouse if domain is Domain.INVENTORY else []
    if found is None:
        detail = f"is left out, and no field is known to be the {_SAID[domain]} of {domain}; say which tell rows apart"
        raise InvalidInputError([Mistake(pointer="/key_fields", detail=detail)])
    return tuple(dict.fromkeys((found, *others)))


def _named(names: Sequence[str], fields: Sequence[str]) -> str | None:
    plain = {plain_name(name): name for name in reversed(fields)}
    return next((plain[plain_name(name)] for name in names if plain_name(name) in plain), None)
