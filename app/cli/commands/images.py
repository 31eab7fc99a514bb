"""images: list, extract, fetch."""

from pathlib import Path
from typing import Any

import click

from app.cli.commands.options import PRIORITY, Listing, gathered, given, limit_option, watch_option
from app.cli.output import Columns, brief
from app.cli.session import Session, connected
from app.cli.watching import watch as watch_to_the_end
from app.client.shapes.processing import Image

_IMAGES: Columns[Image] = {
    "ID": lambda image: image["id"],
    "SKU": lambda image: image["sku"],
    "SOURCE": lambda image: f"{image['platform']}/{image['shop_id']}",
    "SIZE": lambda image: f"{image['width']}x{image['height']}",
    "MAIN": lambda image: image["is_main"],
    "SINCE": lambda image: brief(image["created_at"]),
}


@click.command("list", short_help="List images, newest first.")
@click.option("--platform", help="Only those of this platform.")
@click.option("--shop", "shop_id", help="Only those of this shop.")
@click.option("--sku", help="Only those of this product.")
@limit_option
@connected
async def list_images(session: Session, *, limit: int, **wanted: Any) -> None:  # noqa: ANN401  a filter
    """List the images of products that were found in your files, newest first."""
    found = await gathered(session.client.images.list(most=limit, **given(**wanted)))
    session.out.rows(found, _IMAGES, nothing="no images")


@click.command("extract", short_help="Take the pictures out of a file.")
@click.argument("file_id")
@click.option("--priority", type=PRIORITY, help="1 to 10, 10 is the most urgent.  [default: 5]")
@watch_option
@connected
async def extract(session: Session, *, file_id: str, priority: int | None, watch: bool) -> int | None:
    """Take the pictures out of an xlsx of products or inventory, each for the product of its own row."""
    begun = await session.client.images.extract(file_id, priority=priority)
    if watch:
        return await watch_to_the_end(session, [("job", begun["task_id"])])
    if session.out.as_json:
        session.out.lines([begun])
    else:
        session.out.say(f"job {begun['task_id']} is {begun['job']['state']}")
        session.out.note(f"to follow it: switchyard watch {begun['task_id']}")
    return None


@click.command("fetch", short_help="Fetch images into files.")
@click.argument("image_ids", metavar="IMAGE_ID...", nargs=-1, required=True)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for them, which is made if need be.  [default: this one]",
)
@click.option("--thumbnail", is_flag=True, help="Small ones, 200 pixels long at most.")
@connected
async def fetch(session: Session, *, image_ids: tuple[str, ...], folder: Path, thumbnail: bool) -> None:
    """Fetch images into files IMAGE_ID.jpg."""
    images = session.client.images
    for image_id in image_ids:
        content = await (images.thumbnail(image_id) if thumbnail else images.original(image_id))
        path = _written(content, folder / f"{Path(image_id).name}.jpg")
        if session.out.as_json:
            session.out.lines([{"id": image_id, "path": str(path), "bytes": len(content)}])
        else:
            session.out.say(str(path))


images = Listing("images", commands=[list_images, extract, fetch], help="Extract, list and fetch images of products.")


def _written(content: bytes, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
    return path
