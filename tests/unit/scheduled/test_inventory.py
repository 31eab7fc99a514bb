"""By which columns a file of inventory says what."""

from collections.abc import Mapping, Sequence

import pytest

from jobs.errors import SettingsError
from jobs.inventory import Column, StockColumns
from jobs.settings import load_settings

STORES = {"DATABASE_URL": "postgresql://localhost/x", "REDIS_URL": "redis://localhost"}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (
            ("商品编码", "仓库", "库存", "安全库存", "日期"),
            {"sku": "商品编码", "warehouse": "仓库", "stock": "库存", "safety_stock": "安全库存"},
        ),
        (
            ("seller_sku", "Warehouse-Name", "Quantity", "On Hand", "ＳＡＦＥＴＹ　ＳＴＯＣＫ"),
            {
                "sku": "seller_sku",
                "warehouse": "Warehouse-Name",
                "stock": "On Hand",
                "safety_stock": "ＳＡＦＥＴＹ　ＳＴＯＣＫ",
            },
        ),
        (("库存", "可用库存", "sku"), {"stock": "可用库存", "sku": "sku"}),
        (("SKU", "sku"), {"sku": "SKU"}),
        (("order_no", "price"), {}),
    ],
)
def test_headers_are_told_by_name(headers: Sequence[str], found: Mapping[str, str]) -> None:
    """In either language; what can be sold goes before what lies there; of two alike the first counts."""
    assert StockColumns().found_in(headers) == {Column(column): header for column, header in found.items()}


def test_names_of_ones_own_go_first() -> None:
    """Also where a built-in one is there; the text is printed as it is read."""
    columns = StockColumns.parse("stock=on shelf , 货架; sku=Artikel")
    assert str(columns) == "stock=on shelf, 货架; sku=Artikel"
    found = columns.found_in(("sku", "artikel", "可用库存", "货架", "min stock"))
    assert found == {Column.SKU: "artikel", Column.STOCK: "货架", Column.SAFETY_STOCK: "min stock"}


@pytest.mark.parametrize(
    ("text", "said"), [("colour=red", "names no column"), ("sku=", "names no column"), ("sku=a; sku=b", "there twice")]
)
def test_a_text_that_cannot_be_read_stops_the_start(text: str, said: str) -> None:
    """With the mend."""
    with pytest.raises(SettingsError, match=f"JOBS_STOCK_COLUMNS: .*{said}.*safety_stock="):
        load_settings({**STORES, "JOBS_STOCK_COLUMNS": text})
