"""One picture as the two JPEGs that are kept of it."""

import io
import warnings

import pytest
from PIL import Image

from jobs.tasks.data_processing.errors import BadPictureError
from jobs.tasks.data_processing.worker.picture import Rendered, render, size_of
from tests.support.pictures import bomb, colour_of, picture

_PIXELS = 60_000_000
_ORIENTATION = 0x0112
_PLACE = 0x8825  # of EXIF: where the picture was taken


def rendered(content: bytes) -> Rendered:
    """Render with the limit of the task."""
    return render(content, pixels=_PIXELS)


def saved(image: Image.Image, form: str = "PNG", **more: object) -> bytes:
    """Write a picture."""
    written = io.BytesIO()
    image.save(written, form, **more)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    """Open what was made."""
    return Image.open(io.BytesIO(content))


def halves(left: str, right: str, mode: str = "RGB") -> Image.Image:
    """Make a picture of two halves."""
    image = Image.new(mode, (80, 40), left)
    image.paste(Image.new(mode, (40, 40), right), (40, 0))
    return image


@pytest.mark.parametrize(
    ("size", "original", "thumbnail"),
    [
        ((4000, 1000), (1920, 480), (200, 50)),
        ((1000, 4000), (480, 1920), (50, 200)),
        ((1920, 1920), (1920, 1920), (200, 200)),
        ((150, 20), (150, 20), (150, 20)),
        ((30_000, 3), (1920, 1), (200, 1)),
    ],
)
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_sides_are_bounded_and_never_stretched(
    size: tuple[int, int], original: tuple[int, int], thumbnail: tuple[int, int], form: str
) -> None:
    """The longest side is at most 1,920 pixels, of the thumbnail 200; what is smaller stays as it is."""
    made = rendered(picture("blue", size, form))
    assert (made.width, made.height) == opened(made.original).size == size_of(made.original) == original
    assert opened(made.thumbnail).size == thumbnail
    assert {opened(one).format for one in (made.original, made.thumbnail)} == {"JPEG"}
    assert colour_of(made.original) == colour_of(made.thumbnail) == "blue"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_all_usual_formats_are_read(form: str) -> None:
    """Whatever the part is called."""
    assert colour_of(rendered(picture("green", form=form)).original) == "green"


def test_the_qualities_are_those_that_were_asked_for() -> None:
    """90 for the original, 85 for the thumbnail, told by the quantization tables."""
    made = rendered(saved(halves("red", "blue")))
    for content, quality in ((made.original, 90), (made.thumbnail, 85)):
        expected = saved(Image.new("RGB", (8, 8)), "JPEG", quality=quality)
        assert opened(content).quantization == opened(expected).quantization  # type: ignore[attr-defined]


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    """By the EXIF data, of which nothing is kept: they say where a picture was taken."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6  # to be turned by 90 degrees clockwise
    exif[_PLACE] = {1: "N"}
    made = rendered(saved(halves("red", "blue"), "JPEG", exif=exif, quality=95))
    assert (made.width, made.height) == (40, 80)
    assert (colour_of(made.original, (0.5, 0.1)), colour_of(made.original, (0.5, 0.9))) == ("red", "blue")
    assert colour_of(made.thumbnail, (0.5, 0.1)) == "red"
    assert not opened(made.original).getexif()


def test_what_is_transparent_becomes_white() -> None:
    """Of every kind of transparency that there is."""
    clear = Image.new("RGBA", (80, 40), (255, 0, 0, 0))
    clear.paste(Image.new("RGBA", (40, 40), (255, 0, 0, 255)), (40, 0))
    palette = clear.convert("RGB").quantize()
    grey = Image.new("LA", (80, 40), (0, 0))
    for content in (
        saved(clear),
        saved(clear, "WEBP", lossless=True),
        saved(palette, transparency=0),
        saved(grey),
        saved(Image.new("RGB", (80, 40), "red"), transparency=(255, 0, 0)),
    ):
        assert colour_of(rendered(content).original, (0.2, 0.5)) == "white"
    assert colour_of(rendered(saved(clear)).original, (0.8, 0.5)) == "red"


def test_four_colours_of_print_become_three() -> None:
    """A CMYK picture keeps its colours, and not the profile that would explain them wrongly."""
    made = rendered(saved(Image.new("RGB", (40, 40), "red").convert("CMYK"), "JPEG", icc_profile=b"of a printer"))
    assert opened(made.original).mode == "RGB"
    assert colour_of(made.original) == "red"
    assert "icc_profile" not in opened(made.original).info


def test_sixteen_bits_become_eight() -> None:
    """A light grey stays light, where a simple conversion would make all of it white or black."""
    image = Image.new("I;16", (40, 40), 0x8000)
    made = opened(rendered(saved(image)).original)
    assert made.getpixel((20, 20)) == (128, 128, 128)


def test_of_an_animation_the_first_frame_is_kept() -> None:
    """In GIF and WebP."""
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("green", "red", "blue")]
    for form in ("GIF", "WEBP"):
        animated = saved(frames[0], form, save_all=True, append_images=frames[1:], duration=10)
        assert colour_of(rendered(animated).original) == "green"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no picture of a known format"),
        (b"not a picture", "no picture of a known format"),
        (b"%PDF-1.7", "no picture of a known format"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture of a known format"),
        (picture(size=(400, 300), form="JPEG")[:700], "is damaged"),
        (picture()[:60], "is damaged"),
        (bomb(), "more than 60,000,000 pixels"),
        (bomb(8_000), "more than 60,000,000 pixels"),
        (bomb(2_000_000), "more than 60,000,000 pixels"),
        (bomb(1_000), "is damaged"),
    ],
)
def test_what_is_no_sound_picture_is_refused(content: bytes, reason: str) -> None:
    """With the reason, and without a warning in the log; what declares too much is not unpacked."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BadPictureError, match=reason):
            rendered(content)
