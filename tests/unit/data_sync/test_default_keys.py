"""Where a template names no key fields, its domain does."""

import pytest

from jobs.errors import InvalidInputError
from jobs.tasks.data_sync.default_keys import default_keys
from jobs.tasks.data_sync.model import Domain


@pytest.mark.parametrize(
    ("domain", "fields", "keys"),
    [
        ("orders", ("序号", "订单编号", "商品编码", "日期"), ("订单编号",)),
        ("orders", ("InvoiceNo", "StockCode", "日期"), ("InvoiceNo",)),
        ("products", ("名称", "SKU", "仓库", "日期"), ("SKU",)),
        ("inventory", ("Warehouse", "货号", "库存", "日期"), ("货号", "Warehouse")),
        ("inventory", ("货号", "库存", "日期"), ("货号",)),
        ("traffic", ("日期", "访客数"), ("日期",)),
        ("analytics", ("页面", "日期"), ("日期",)),
        ("services", ("售后单号", "日期"), ("售后单号", "日期")),
    ],
)
def test_each_domain_has_its_key(domain: str, fields: tuple[str, ...], keys: tuple[str, ...]) -> None:
    """Case, width and punctuation of a name do not count."""
    assert default_keys(Domain(domain), fields, day="日期") == keys


@pytest.mark.parametrize("domain", ["orders", "products", "inventory", "services"])
def test_who_has_no_such_field_is_asked_for_it(domain: str) -> None:
    """A key that is guessed would make one row of many."""
    with pytest.raises(InvalidInputError) as refused:
        default_keys(Domain(domain), ("名称", "日期"), day="日期")
    (mistake,) = refused.value.mistakes
    assert mistake.pointer == "/key_fields"
    assert "say which tell rows apart" in mistake.detail
