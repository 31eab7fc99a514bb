"""Which column of a file holds the SKU. Pure."""

import re
from typing import Final

from jobs.tasks.data_sync.headers import normalise
from jobs.tasks.data_sync.model import Domain, Layout

DOMAINS: Final = frozenset({Domain.PRODUCTS, Domain.INVENTORY})

_NAMED: Final = re.compile(r"sku|货号|(商品|产品|规格|物料|货品|商家)(编码|编号|代码)|款号", re.IGNORECASE)


def sku_field(layout: Layout) -> str:
    """Give the key field that holds the SKU: the first that is called so, in Chinese or English, else the first.

    Key fields tell rows apart, and in files of products and inventory the SKU is always one of them.
    """
    return next((name for name in layout.key_fields if _NAMED.search(normalise(name))), layout.key_fields[0])
