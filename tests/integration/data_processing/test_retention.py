"""What retention leaves where it is stopped, and what it leaves alone."""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.data_processing.media import Media
from jobs.tasks.data_processing.retention import Retention
from tests.support.files import ORDERS, as_csv, upload
from tests.support.pictures import files_in, keep_image

_OLD_S = 3 * 86_400


@pytest.fixture
async def folder(environ: dict[str, str], web: httpx.AsyncClient, database: Database) -> Path:
    """Keep an image that no file has shown for three days; give where images are."""
    file: Mapping[str, str] = (await upload(web, as_csv([ORDERS]))).json()
    await keep_image(environ, database, file)
    await database.execute("UPDATE product_images SET seen_at = now() - interval '3 days'")
    found = load_settings(environ).media_folder
    for path in files_in(found):
        os.utime(path, (time.time() - _OLD_S, time.time() - _OLD_S))
    return found


async def test_whoever_is_stopped_leaves_no_image_without_its_files(database: Database, folder: Path) -> None:
    """Rows go first; the files that one has left so are the next one's, however many are at it."""
    retention = Retention(database, Media(folder), days=2)
    assert await retention.drop_files() == 0, "an image has its files as long as it is there"
    assert await retention.drop_images(limit=9) == 1
    assert await database.fetch("SELECT FROM product_image_owners") == []
    assert len(files_in(folder)) == 2
    others = [Retention(database, Media(folder), days=2).drop_files() for _ in range(4)]
    assert sum(await asyncio.gather(*others)) == 2
    assert files_in(folder) == []


async def test_what_is_kept_is_kept(database: Database, folder: Path, tmp_path: Path) -> None:
    """For ever by default; what is young by its row or its file; and images whose files are elsewhere."""
    for days, media in ((0, folder), (4, folder), (4, tmp_path / "elsewhere")):
        retention = Retention(database, Media(media), days=days)
        assert (await retention.drop_images(limit=9), await retention.drop_files()) == (0, 0)
    assert len(await database.fetch("SELECT FROM product_images")) == 1
    assert len(files_in(folder)) == 2
