"""Order lines of an invented shop, the same every time: many orders of a few lines, some lines given twice."""

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from openpyxl import Workbook

HEADERS: Final = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)
KEYS: Final = ("InvoiceNo", "StockCode")

Line = tuple[str, str, str, int, datetime, float, str, str]

_SEED: Final = 20_310_104
_OPENING: Final = datetime(2031, 1, 4, 8)  # noqa: DTZ001  exports have the shop's local time
_LINES_A_DAY: Final = 2_500
_REPEATED: Final = 0.01
_RETURNED: Final = 0.02
_COLOURS: Final = ("AMBER", "BLUE", "CORAL", "DOVE GREY", "EBONY", "FERN", "GOLD", "HAZEL", "IVORY", "JADE")
_THINGS: Final = (
    *("TEA LIGHT HOLDER", "LUNCH BOX, SMALL", "PAPER LANTERN", 'RULER "LONG MILE"', "PICNIC BLANKET"),
    *("CAKE STAND 3 TIER", "KITCHEN SCALES", "DOORMAT", "GIFT WRAP SHEET", "COTTON SHOPPER BAG"),
)
_COUNTRIES: Final = ("Aldria", "Brenia", "Corland", "Île de Dune", "Estmark")


def lines(rows: int) -> Iterator[Line]:
    """Give so many order lines."""
    chance = random.Random(_SEED)  # noqa: S311  the rows must be the same every time
    given = 0
    order = 536_000
    while True:
        moment = _OPENING + timedelta(days=given // _LINES_A_DAY, minutes=order % 600)
        customer, country = str(12_000 + chance.randrange(4_000)), chance.choice(_COUNTRIES)
        for product in chance.sample(range(len(_COLOURS) * len(_THINGS)), chance.randint(1, 40)):
            colour, thing = divmod(product, len(_THINGS))
            quantity = -1 if chance.random() < _RETURNED else chance.randint(1, 48)
            name = f"{_COLOURS[colour]} {_THINGS[thing]}"
            line = (str(order), str(20_000 + product), name, quantity, moment, 0.25 + product / 8, customer, country)
            for _ in range(2 if chance.random() < _REPEATED else 1):
                yield line
                given += 1
                if given == rows:
                    return
        order += 1


def write_csv(path: Path, rows: int) -> None:
    """Write a csv of so many rows below its header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        writer.writerows([*line[:4], line[4].isoformat(sep=" "), f"{line[5]:.3f}", *line[6:]] for line in lines(rows))


def write_xlsx(path: Path, rows: int) -> None:
    """Write a workbook with one sheet of so many rows below its header."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("orders")
    sheet.append(HEADERS)
    for line in lines(rows):
        sheet.append(line)
    book.save(path)
