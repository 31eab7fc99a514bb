"""Makes the sample exports of this folder, the same every time: `python -m deploy.demo.make_samples`. No real data."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

_HERE: Final = Path(__file__).parent
_SEED: Final = 20_260_301
_ROWS: Final = 400
_DAY: Final = date(2026, 3, 1)
_OPENING: Final = timedelta(hours=7)
_MAX_GAP_S: Final = 600
_REPEATED: Final = 0.02  # share of lines that an export gives twice
_RETURNED: Final = 0.02  # share of lines that take goods back
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can note

_HEADERS: Final = ("订单号", "商品编码", "商品名称", "数量", "单价(CNY)", "下单时间", "买家", "省份", "订单状态")
_PRODUCTS: Final = (
    ("TS-1001", "纯棉圆领短袖T恤 白色 L", 59.0),
    ("TS-1002", "纯棉圆领短袖T恤 黑色 XL", 59.0),
    ("JK-2043", "轻薄羽绒服 女款 藏青", 299.0),
    ("SH-3110", "透气网面运动鞋 42码", 189.0),
    ("SH-3111", "防滑居家拖鞋 加厚底", 29.9),
    ("CP-4005", "316不锈钢保温杯 500ml", 79.0),
    ("CP-4006", "陶瓷马克杯 带盖带勺", 35.5),
    ("KT-5120", "家用多功能电煮锅 1.8L", 139.0),
    ("KT-5121", "硅胶铲五件套, 耐高温", 46.8),
    ("BD-6200", '水洗棉四件套 1.8m床 "北欧风"', 218.0),
    ("BD-6201", "记忆棉护颈枕", 99.0),
    ("TE-7001", "明前龙井 绿茶 250g 礼盒装", 168.0),
    ("TE-7002", "正山小种 红茶 100g", 88.0),
    ("SN-8008", "每日坚果混合装 30包", 109.0),
    ("SN-8009", "手工牛轧糖 500g", 39.9),
    ("EL-9001", "65W 氮化镓快充充电器", 119.0),
    ("EL-9002", "Type-C 编织数据线 1.5米", 25.9),
    ("EL-9003", "蓝牙耳机 主动降噪 白色", 259.0),
    ("PT-0301", "猫砂 豆腐砂 6L×4袋", 76.0),
    ("ST-0455", "按动中性笔 0.5mm 黑色 12支", 18.8),
)
_PROVINCES: Final = (
    "广东省",
    "浙江省",
    "江苏省",
    "山东省",
    "四川省",
    "河南省",
    "湖北省",
    "福建省",
    "北京市",
    "上海市",
    "陕西省",
)
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN: Final = "伟芳娜敏静丽强磊洋艳勇军杰娟涛超明霞平刚"
_STATES: Final = ("已付款", "已发货", "已完成", "已取消")
_STATE_WEIGHTS: Final = (2, 4, 5, 1)
_WIDTHS: Final = (16, 11, 32, 7, 11, 20, 8, 9, 10)

# One line of an order, in the order of the headers.
Line = tuple[str, str, str, int, float, datetime, str, str, str]


def main() -> None:
    """Write orders.csv of one day and orders.xlsx of the next."""
    chance = random.Random(_SEED)  # noqa: S311 - the samples have to be the same every time
    _write_csv(_HERE / "orders.csv", _lines(chance, _DAY))
    _write_xlsx(_HERE / "orders.xlsx", _lines(chance, _DAY + timedelta(days=1)))


def _lines(chance: random.Random, day: date) -> list[Line]:
    lines: list[Line] = []
    moment = datetime.combine(day, time()) + _OPENING  # a shop's local time, as exports have it
    number = int(f"{day:%Y%m%d}0001")
    while len(lines) < _ROWS:
        lines.extend(_order(chance, str(number), moment))
        number += 1
        moment = min(moment + timedelta(seconds=chance.randrange(_MAX_GAP_S)), datetime.combine(day, time.max))
    return lines[:_ROWS]


def _order(chance: random.Random, number: str, moment: datetime) -> Iterator[Line]:
    buyer = f"{chance.choice(_SURNAMES)}*{chance.choice(_GIVEN)}"
    province = chance.choice(_PROVINCES)
    (state,) = chance.choices(_STATES, _STATE_WEIGHTS)
    for sku, name, price in chance.sample(_PRODUCTS, chance.choice((1, 1, 2, 3, 4))):
        quantity = -1 if chance.random() < _RETURNED else chance.choice((1, 1, 1, 2, 3, 10))
        line = (number, sku, name, quantity, price, moment.replace(microsecond=0), buyer, province, state)
        yield line
        if chance.random() < _REPEATED:
            yield line


def _write_csv(path: Path, lines: list[Line]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADERS)
        writer.writerows([*line[:4], f"{line[4]:.2f}", line[5].isoformat(sep=" "), *line[6:]] for line in lines)


def _write_xlsx(path: Path, lines: list[Line]) -> None:
    book = Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has one worksheet")
    sheet.title = "订单明细"
    sheet.append(_HEADERS)
    for line in lines:
        sheet.append((int(line[0]), *line[1:]))
    for column, width in enumerate(_WIDTHS, 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    for (moment,) in sheet.iter_rows(min_row=2, min_col=6, max_col=6):
        moment.number_format = "yyyy-mm-dd hh:mm:ss"
    sheet.freeze_panes = "A2"
    written = io.BytesIO()
    book.save(written)
    _store_timeless(written, path)


def _store_timeless(written: io.BytesIO, path: Path) -> None:
    """Copy the archive without the time of its making, which would make every one differ."""
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-03-02T23:59:59Z", content)
            target.writestr(zipfile.ZipInfo(part.filename, _EPOCH), content, zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
