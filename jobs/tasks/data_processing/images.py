"""The `product_images` table, and who may see which. The bytes are in the media folder, not here."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from jobs.ids import new_job_id
from jobs.stores.database import Database, Row
from jobs.stores.queries import load_queries
from jobs.tasks.data_processing.model import FoundImage, ImageFilter, ProductImage
from jobs.tasks.data_sync.model import CatalogueFile

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


class ImageStore:
    """Reads and writes images."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, file: CatalogueFile, images: Sequence[FoundImage]) -> int:
        """Enter a file's images, all or none; give how many were not known. Who owns the file may see them.

        What is known stays one image; it takes its place, and whether it is the main one, from this file.
        """
        place = (file.source.platform, file.shop_id)
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["lock"], *place)
            await connection.execute(_SQL["unset_main"], *place, [image.sku for image in images])
            rows = await connection.fetch(
                _SQL["add"],
                *place,
                [UUID(new_job_id()) for _ in images],
                [image.sku for image in images],
                [image.sha256 for image in images],
                [image.position for image in images],
                [image.width for image in images],
                [image.height for image in images],
                [image.bytes for image in images],
            )
            await connection.execute(_SQL["let_see"], file.owner, file.id, [row["id"] for row in rows])
        return sum(row["is_new"] for row in rows)

    async def list(
        self, wanted: ImageFilter, *, owner: str | None, before: UUID | None, limit: int
    ) -> list[ProductImage]:
        """Give images, newest first, those older than `before`; with `owner` only those that he may see."""
        values = (wanted.platform, wanted.shop_id, wanted.sku, before, limit)
        if owner is None:
            rows = await self._database.fetch(_SQL["list_all"], *values)
        else:
            rows = await self._database.fetch(_SQL["list_own"], *values, owner)
        return [_image(row) for row in rows]

    async def get(self, image_id: UUID, *, owner: str | None) -> ProductImage | None:
        """Give an image, or None; with `owner` also None where he may not see it."""
        row = await self._database.fetch_row(_SQL["get"], image_id, owner)
        return None if row is None else _image(row)


def _image(row: Row) -> ProductImage:
    return ProductImage(
        id=row["id"],
        platform=row["platform"],
        shop_id=row["shop_id"],
        sku=row["sku"],
        sha256=row["sha256"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        is_main=row["is_main"],
        position=row["position"],
        created_at=row["created_at"],
    )
