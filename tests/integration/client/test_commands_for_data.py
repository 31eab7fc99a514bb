"""The commands for what is in files: templates, rows set aside, quality, looks into them, images, sources, alerts."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.files import as_csv, publish
from tests.support.pictures import FIELDS, XLSX, book_of, colour_of, picture, publish_products
from tests.support.running import ran_now
from tests.support.servers import Servers
from tests.support.standing import StandingSite, standing_site

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPLATE: Mapping[str, Any] = {
    "platform": "shop",
    "domain": "orders",
    "granularity": "daily",
    "fields": ["order_no", "sku", "quantity", "ordered_at"],
    "key_fields": ["order_no", "sku"],
    "date_rule": {"field": "ordered_at"},
    "types": {"quantity": "integer"},
    "ranges": {"quantity": {"minimum": 1}},
}
STOCK = ("SKU", "可用库存", "安全库存", "日期")
SOURCE = ("--platform", "shop", "--shop", "s1", "--granularity", "daily", "--domain")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StandingSite]:
    """Start a site in which the check of stock is there, and is never due by itself."""
    folder = tmp_path_factory.mktemp("standing")
    async with standing_site(servers, folder, JOBS_TIMETABLE="off; check_low_stock=0 0 29 2 *") as site:
        yield site


async def uploaded(standing: StandingSite, path: Path, *options: str) -> str:
    """Upload a file; give its id."""
    told = await standing.command("upload", str(path), *options, "--json")
    assert told.status == 0, told.err
    return str(told.object["id"])


async def test_templates(standing: StandingSite, tmp_path: Path) -> None:
    """Are made of files, or of what stands on the standard input, and published; the highest version counts."""
    described = tmp_path / "orders.json"
    described.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    made = await standing.command("templates", "add", str(described))
    assert "draft" in made.out
    assert "to let it count: switchyard templates publish" in made.err
    draft = made.err.split()[-1]
    assert (await standing.command("templates", "publish", draft, "--json")).object["state"] == "published"
    again = await standing.command("templates", "add", "-", "--publish", stdin=described.read_text(encoding="utf-8"))
    assert "version     2" in again.out
    listed = await standing.command("templates", "--domain", "orders", "--json")
    assert [one["version"] for one in listed.objects] == [2, 1]
    assert "shop/orders/daily" in (await standing.command("templates")).out
    assert "order_no, sku" in (await standing.command("templates", "show", draft)).out
    wrong = await standing.command("templates", "add", "-", stdin='{"platform": "shop"}')
    assert (wrong.status, "/domain: " in wrong.err) == (3, True)


async def test_rows_that_are_set_aside_are_mended(standing: StandingSite, tmp_path: Path) -> None:
    """What does not fit the template is listed, shown and loaded, row by row or all at once."""
    version = (await publish(standing.admin, **TEMPLATE))["version"]
    path = tmp_path / "orders.csv"
    rows = [("A1", "cup", 1, "2026-11-01"), ("A2", "cup", "few", "2026-11-01"), ("A3", "cup", "", "2026-11-41")]
    path.write_bytes(as_csv([TEMPLATE["fields"], *rows]))
    file = await uploaded(standing, path, *SOURCE, "orders")
    looked = await standing.command("preview", file)
    assert looked.status == 0
    assert "A1 | A2 | A3" in looked.out
    assert f"version {version}" in looked.out
    await standing.command("sync", file)
    rated = {line[:9].strip() for line in (await standing.command("quality", file)).out.splitlines()}
    assert {"score", "rows read", "in range"} <= rated
    aside = (await standing.command("quarantine", "list", file, "--json")).objects
    assert [one["row"]["order_no"] for one in aside] == ["A2", "A3"]
    number, other = (str(one["row_number"]) for one in aside)
    assert "quantity" in (await standing.command("quarantine", "list", file)).out
    assert "few" in (await standing.command("quarantine", "show", file, number)).out
    assert (await standing.command("quarantine", "show", file, "1")).status == 3
    still = await standing.command("quarantine", "replay", file)
    assert still.status == 1
    assert len([line for line in still.out.splitlines() if "/row/" in line]) == 2
    mended = await standing.command("quarantine", "replay", file, number, "quantity:=3")
    assert (mended.status, "inserted" in mended.out) == (0, True)
    bad = await standing.command("quarantine", "replay", file, other, "quantity=none")
    assert (bad.status, "/row/quantity: " in bad.err) == (3, True)
    done = await standing.command("quarantine", "replay", file, other, "ordered_at=2026-11-04", "--json")
    assert done.object["remaining"] == 0
    assert (await standing.command("quarantine", "replay", file, "--json")).object["replayed"] == 0
    assert (await standing.command("quarantine", "list", file)).err == "no row of it is set aside\n"


async def test_a_file_is_looked_into(standing: StandingSite, tmp_path: Path) -> None:
    """Before it is synced: against the template, and for itself."""
    path = tmp_path / "traffic.csv"
    path.write_bytes(as_csv([("sku", "visits", "day"), ("杯", 3, "2026-11-01"), ("Kanne", 4, "2026-11-02")]))
    file = await uploaded(standing, path, *SOURCE, "traffic")
    bare = await standing.command("preview", file)
    assert "none" in bare.out.splitlines()[0]
    assert "杯 | Kanne" in bare.out
    await publish(
        standing.admin,
        fields=("day", "sku", "clicks"),
        domain="traffic",
        key_fields=["sku"],
        date_rule={"field": "day"},
    )
    assert "clicks" in (await standing.command("preview", file)).out
    assert (await standing.command("preview", file, "--json")).object["shown"]["columns"] == 3
    assert (await standing.command("quality", file)).status == 3
    none = await standing.command("profile", file)
    assert none.status == 3
    made = await standing.command("profile", file, "--make")
    assert made.status == 0, made.err
    assert [line.split()[:3] for line in made.out.splitlines() if line.startswith("B ")] == [["B", "visits", "integer"]]
    assert (await standing.command("profile", file, "--json")).object["rows"] == 2


async def test_images_come_out_of_files(standing: StandingSite, tmp_path: Path) -> None:
    """And into files."""
    await publish_products(standing.admin)
    path = tmp_path / XLSX
    path.write_bytes(book_of([("S1", [picture("red")]), ("S2", [picture("blue")])]))
    source = ("--platform", "shop", "--shop", "s1", "--granularity", "snapshot", "--domain", "products")
    file = await uploaded(standing, path, *source)
    extracted = await standing.command("images", "extract", file, "--watch")
    assert extracted.status == 0, extracted.out + extracted.err
    again = await standing.command("images", "extract", file)
    assert "to follow it: switchyard watch" in again.err
    (red,) = (await standing.command("images", "--sku", "S1", "--json")).objects
    assert "S2" in (await standing.command("images")).out
    fetched = await standing.command("images", "fetch", red["id"], "--to", str(tmp_path / "new" / "folder"))
    assert fetched.out == f"{tmp_path}/new/folder/{red['id']}.jpg\n"
    assert colour_of((tmp_path / f"new/folder/{red['id']}.jpg").read_bytes()) == "red"
    small = await standing.command("images", "fetch", red["id"], "--thumbnail", "--to", str(tmp_path), "--json")
    assert small.object["bytes"] == (tmp_path / f"{red['id']}.jpg").stat().st_size
    held = await standing.command("images", "fetch", red["id"], "--to", str(path))
    assert held.status == 2
    assert FIELDS[0] in (await standing.command("preview", file)).out


async def test_sources_and_the_inbox(standing: StandingSite) -> None:
    """What other programs put there is taken in, and what cannot be is named; each source says how it does."""
    inbox = Path(standing.environ["JOBS_DATA_DIR"]) / "inbox/shop/s9/services/daily"
    inbox.mkdir(parents=True)
    (inbox / "good.csv").write_bytes(as_csv([("sku", "day"), ("a", "2026-11-01")]))
    (inbox / "bad.csv").touch()
    told = await standing.command("scan")
    assert told.status == 1, told.out + told.err
    assert "bad.csv" in told.out
    (inbox / "bad.csv").unlink()
    assert (await standing.command("scan", "--json")).object == {"taken": 0, "known": 0, "refused": [], "more": False}
    sources = await standing.command("sources")
    (line,) = [line for line in sources.out.splitlines() if line.startswith("shop/services/daily")]
    assert line.split()[1:3] == ["missing", "1"]
    assert "pending" in sources.err
    assert len((await standing.command("sources", "--json")).object["sources"]) >= 1


async def test_alerts(standing: StandingSite, tmp_path: Path) -> None:
    """Of what is about to run out."""
    assert (await standing.command("alerts")).err == "no alerts\n"
    await publish(
        standing.admin, fields=STOCK, domain="inventory", key_fields=[STOCK[0]], date_rule={"field": STOCK[-1]}
    )
    path = tmp_path / "stock.csv"
    path.write_bytes(as_csv([STOCK, ("Tasse-ß", 2, 5, datetime.now(UTC).date().isoformat())]))
    await standing.command("sync", await uploaded(standing, path, *SOURCE, "inventory"))
    assert (await ran_now(standing.admin, "check_low_stock"))["state"] == "succeeded"
    (line,) = (await standing.command("alerts", "--state", "open")).out.splitlines()[1:]
    assert line.split()[:4] == ["Tasse-ß", "shop/s1", "2", "5"]
    assert [one["sku"] for one in (await standing.command("alerts", "--json")).objects] == ["Tasse-ß"]
