"""Which column holds the SKU."""

import pytest

from jobs.tasks.data_processing.skus import sku_field
from jobs.tasks.data_sync.model import DateRule, Layout


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("商品",), "商品"),
        (("仓库", "SKU"), "SKU"),
        (("warehouse", "seller_sku"), "seller_sku"),
        (("仓库", "商品编码"), "商品编码"),
        (("仓库", "货号（CNY）"), "货号（CNY）"),
        (("产品", "仓库"), "产品"),
        (("SKU", "货号"), "SKU"),
    ],
)
def test_it_is_the_key_field_that_is_called_so(keys: tuple[str, ...], expected: str) -> None:
    """The first of them; where none is, the first key field."""
    layout = Layout(
        header_row=1,
        fields=("日期", *keys),
        key_fields=keys,
        required_fields=(),
        date_rule=DateRule(field="日期"),
    )
    assert sku_field(layout) == expected
