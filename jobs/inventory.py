"""By which of its columns a file of inventory says what: built-in names, and those that a site adds."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class Column(StrEnum):
    """What a column may say. All but the warehouse must be there for an item to be judged."""

    SKU = "sku"
    WAREHOUSE = "warehouse"
    STOCK = "stock"
    SAFETY_STOCK = "safety_stock"


NEEDED = (Column.SKU, Column.STOCK, Column.SAFETY_STOCK)

# The first of these that a file has is taken, so what can be sold goes before what lies there.
_BUILT_IN: Mapping[Column, Sequence[str]] = {
    Column.SKU: (
        *("sku", "sku id", "sku code", "sku编码", "商品sku", "seller sku", "item sku"),
        *("商家编码", "商品编码", "商品编号", "货号", "产品编码", "物料编码"),
        *("product code", "stock code", "item code"),
    ),
    Column.WAREHOUSE: (
        *("warehouse", "warehouse name", "warehouse code", "仓库", "仓库名称", "仓库编码", "所在仓库"),
        "location",
    ),
    Column.STOCK: (
        *("available stock", "available quantity", "available", "可用库存", "可售库存", "可用数量", "可售数量"),
        *("stock", "stock quantity", "current stock", "on hand", "quantity on hand", "qty on hand", "inventory"),
        *("库存", "库存数量", "库存量", "当前库存", "现有库存", "在库数量"),
        "quantity",
    ),
    Column.SAFETY_STOCK: (
        *("safety stock", "安全库存", "安全库存量", "安全库存数量"),
        *("minimum stock", "min stock", "reorder point", "reorder level"),
        *("最低库存", "库存下限", "预警库存", "库存预警值", "警戒库存"),
    ),
}
_NOTATION = "write sku=NAME, NAME; warehouse=...; stock=...; safety_stock=..."


@dataclass(frozen=True, slots=True)
class StockColumns:
    """Names that a site adds; they go before the built-in ones. As a text `stock=on shelf, 货架; sku=Artikel`."""

    names: Mapping[Column, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text. Raises ValueError, which says the mend."""
        names: dict[Column, Sequence[str]] = {}
        for part in filter(None, (part.strip() for part in text.split(";"))):
            word, _, rest = part.partition("=")
            given = tuple(filter(None, (name.strip() for name in rest.split(","))))
            if word.strip() not in set(Column) or not given:
                raise ValueError(f"{part!r} names no column; {_NOTATION}")
            column = Column(word.strip())
            if column in names:
                raise ValueError(f"{column} is there twice; {_NOTATION}")
            names[column] = given
        return cls(names)

    def __str__(self) -> str:
        """Give the text."""
        return "; ".join(f"{column}={', '.join(names)}" for column, names in self.names.items())

    def found_in(self, headers: Sequence[str]) -> Mapping[Column, str]:
        """Give the header of each column that is among these. Case, width, blanks and punctuation do not count."""
        plain = {plain_name(header): header for header in reversed(headers)}
        found: dict[Column, str] = {}
        for column in Column:
            for name in (*self.names.get(column, ()), *_BUILT_IN[column]):
                if (header := plain.get(plain_name(name))) is not None:
                    found[column] = header
                    break
        return found


def plain_name(name: str) -> str:
    """Give what is compared of a header: its letters and digits, whatever their case and width."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
