"""One picture as the two JPEGs that are kept of it. It reads and writes no files."""

import io
import re
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from jobs.tasks.data_processing.errors import BadPictureError

LONGEST_SIDE: Final = 1920
QUALITY: Final = 90
THUMBNAIL_SIDE: Final = 200
THUMBNAIL_QUALITY: Final = 85

# What shops put into their files, and what of it Pillow reads by itself; each further reader is one more to attack.
_FORMATS: Final = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    GifImagePlugin.GifImageFile.format,
    BmpImagePlugin.BmpImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
)
# Drawings made of lines, which nothing here draws: who has put one in is to know why it is left out.
_DRAWINGS: Final = (
    (re.compile(rb"\x01\0\0\0.{36} EMF", re.DOTALL), "an EMF drawing of Windows"),
    (re.compile(rb"\xd7\xcd\xc6\x9a|[\x01\x02]\0\x09\0"), "a WMF drawing of Windows"),
    (re.compile(rb"\x1f\x8b"), "a packed drawing (EMZ, WMZ or SVGZ)"),
    (re.compile(rb"VCLMTF"), "an SVM drawing of LibreOffice"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:svg|(?:\?xml|!DOCTYPE|!--)[^\0]{0,4000}<svg)\b"), "an SVG drawing"),
)
_RGB: Final = "RGB"
_SIXTEEN_BITS: Final = ("I;16", "I;16L", "I;16B", "I;16N", "I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A picture, ready to be kept. Width and height, in pixels, are the original's."""

    original: bytes
    thumbnail: bytes
    width: int
    height: int


def render(content: bytes, *, pixels: int) -> Rendered:
    """Make both JPEGs: upright as its EXIF data say, the first of several frames, on white where it is transparent.

    The original is at most 1,920 pixels long and never enlarged; the thumbnail at most 200. Of its metadata only the
    colour profile of an RGB picture is kept. Raises BadPictureError, before it is unpacked where it has more than
    `pixels`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damage that Pillow gets over
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _rendered(content, pixels)
    except BadPictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _bomb(pixels) from None
    except UnidentifiedImageError:
        what = next((f"it is {kind}, and" for sign, kind in _DRAWINGS if sign.match(content)), "it is")
        raise BadPictureError(f"{what} no picture of a known format: JPEG, PNG, GIF, BMP, WebP or TIFF") from None
    except MemoryError:
        raise BadPictureError("unpacked it takes more memory than there is") from None
    except Exception as error:  # readers of pictures raise whatever comes to them
        raise BadPictureError(f"it is damaged: {str(error) or type(error).__name__}") from error


def size_of(jpeg: bytes) -> tuple[int, int]:
    """Give width and height of an original that was kept, told by its first bytes; ValueError where it is none."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            return image.size
    except OSError as error:
        raise ValueError("this is no JPEG") from error


def _rendered(content: bytes, pixels: int) -> Rendered:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        if image.width * image.height > pixels:
            raise _bomb(pixels)
        image.draft(image.mode, (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is unpacked at a half, quarter or eighth
        image.load()
        profile = image.info.get("icc_profile") if image.mode == _RGB else None
        original = _on_white(ImageOps.exif_transpose(image))
    original.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    thumbnail = original.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return Rendered(
        original=_jpeg(original, QUALITY, profile),
        thumbnail=_jpeg(thumbnail, THUMBNAIL_QUALITY, profile),
        width=original.width,
        height=original.height,
    )


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        white = Image.new(_RGB, layered.size, "white")
        white.paste(layered, mask=layered.getchannel("A"))
        return white
    if image.mode in _SIXTEEN_BITS:  # Pillow would cut off what is above 255
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert(_RGB)
    return image.convert(_RGB)


def _jpeg(image: Image.Image, quality: int, profile: bytes | None) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality, optimize=True, icc_profile=profile)
    return written.getvalue()


def _bomb(pixels: int) -> BadPictureError:
    return BadPictureError(f"it has more than {pixels:,} pixels")
