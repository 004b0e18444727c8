import struct
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgt_core.errors import InputCode, InputError
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.image_writing import write_image
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.pictures import picture
from tests.unit.media.recordings import SAMPLES

LIMITS = MediaLimits()
EXIF_ORIENTATION = 0x0112


@pytest.mark.parametrize(("form", "tolerance"), [("PNG", 0), ("JPEG", 12), ("WEBP", 16)])
def test_each_format_is_read_whatever_its_name(tmp_path, form, tolerance):
    path = tmp_path / "portrait.txt"
    Image.fromarray(picture()).save(path, form)

    image = decode_image(path, LIMITS).pixels

    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - picture()).max() <= tolerance  # JPEG and WebP are lossy


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (1, lambda image: image),
        (2, lambda image: image[:, ::-1]),
        (3, lambda image: image[::-1, ::-1]),
        (4, lambda image: image[::-1]),
        (5, lambda image: image.transpose(1, 0, 2)),
        (6, lambda image: np.rot90(image, 1)),
        (7, lambda image: image[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda image: np.rot90(image, -1)),
    ],
)
def test_every_exif_orientation_comes_out_upright(tmp_path, form, orientation, stored):
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    path = tmp_path / "turned"
    Image.fromarray(np.ascontiguousarray(stored(picture()))).save(path, form, exif=exif)

    image = decode_image(path, LIMITS).pixels

    assert image.shape == picture().shape
    assert np.abs(image.astype(int) - picture()).max() <= 16  # lossy formats


def test_transparency_lies_on_white(tmp_path):
    alpha = np.zeros((260, 320), np.uint8)
    alpha[:, 100:200], alpha[:, 200:] = 255, 128
    path = tmp_path / "cut-out.png"
    Image.fromarray(np.dstack([picture(), alpha])).save(path)

    image = decode_image(path, LIMITS).pixels.astype(int)

    assert (image[:, :100] == 255).all()
    assert (image[:, 100:200] == picture()[:, 100:200]).all()
    assert np.abs(image[:, 200:] - (picture()[:, 200:].astype(int) + 255) / 2).max() <= 2  # 128 is not quite a half


@pytest.mark.parametrize("mode", ["P", "L", "LA", "1", "CMYK", "RGBA"])
def test_every_colour_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / "image"
    Image.fromarray(picture()).convert(mode).save(path, "JPEG" if mode == "CMYK" else "PNG")

    image = decode_image(path, LIMITS).pixels

    assert image.shape == (260, 320, 3)
    grey_error = np.abs(image.astype(float).mean() - picture().mean())
    assert grey_error < 12  # dithering and quantising keep the mean


def test_a_palette_with_a_transparent_colour_lies_on_white(tmp_path):
    indices = np.zeros((260, 320), np.uint8)
    indices[:, 160:] = 1
    image = Image.fromarray(indices, "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.save(tmp_path / "palette.png", transparency=0)

    decoded = decode_image(tmp_path / "palette.png", LIMITS).pixels

    assert decoded[0, 0].tolist() == [255, 255, 255]
    assert decoded[0, 319].tolist() == [200, 100, 50]


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    levels = np.linspace(0, 65_535, 320).astype(np.uint16)
    Image.fromarray(np.tile(levels, (260, 1))).save(tmp_path / "deep.png")

    image = decode_image(tmp_path / "deep.png", LIMITS).pixels

    assert np.abs(image[0, :, 0].astype(float) - levels / 257).max() <= 1


def test_sixteen_bit_colour_is_scaled_not_clipped(tmp_path):
    levels = np.linspace(0, 65_535, 320).astype(">u2")
    rows = np.repeat(levels[:, None], 3, axis=1).tobytes()
    header = struct.pack(">IIBBBBB", 320, 260, 16, 2, 0, 0, 0)
    _write_png(tmp_path / "deep.png", header, zlib.compress((b"\0" + rows) * 260))

    image = decode_image(tmp_path / "deep.png", LIMITS).pixels

    assert np.abs(image[0].astype(float) - (levels / 257)[:, None]).max() <= 1


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(tmp_path, form):
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / "animated"
    frames[0].save(path, form, save_all=True, append_images=frames[1:], duration=100, lossless=True)

    assert decode_image(path, LIMITS).pixels[150, 150].tolist() == [255, 0, 0]


def test_a_file_of_several_photographs_gives_its_first(tmp_path):
    first, second = Image.fromarray(picture()), Image.new("RGB", (320, 260), "blue")
    path = tmp_path / "both.jpg"
    first.save(path, "MPO", save_all=True, append_images=[second])

    assert np.abs(decode_image(path, LIMITS).pixels.astype(int) - picture()).max() <= 12  # JPEG is lossy


def test_a_4k_image_is_read_whole(tmp_path):
    path = tmp_path / "large.jpg"
    Image.fromarray(picture(2160, 3840)).save(path)

    assert decode_image(path, LIMITS).pixels.shape == (2160, 3840, 3)


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_are_refused_with_the_three_that_are_read(tmp_path, form):
    path = tmp_path / "portrait.png"
    Image.fromarray(picture(300, 300)).save(path, form)

    with pytest.raises(InputError, match=r"^image: it is not a PNG, JPEG or WebP image$") as refused:
        decode_image(path, LIMITS)

    assert refused.value.code is InputCode.IMAGE_UNREADABLE


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(1000)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><image href="file:///etc/hostname"/></svg>'


@pytest.mark.parametrize(
    "content", [b"", b"no image at all", bytes(5000), HEIC, SVG, b"\x89PNG\r\n\x1a\n", b"\xff\xd8"]
)
def test_what_is_no_image_is_unreadable(tmp_path, content):
    path = tmp_path / "portrait.png"
    path.write_bytes(content)

    with pytest.raises(InputError) as refused:
        decode_image(path, LIMITS)

    assert refused.value.code is InputCode.IMAGE_UNREADABLE


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_that_ends_early_is_refused(tmp_path, form, share):
    path = tmp_path / "cut"
    Image.open(SAMPLES / "portrait.png").convert("RGB").save(path, form)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(InputError) as refused:
        decode_image(path, LIMITS)

    assert refused.value.code is InputCode.IMAGE_UNREADABLE


def test_a_small_image_is_refused_with_its_size(tmp_path):
    path = tmp_path / "small.png"
    Image.new("RGB", (640, 255)).save(path)

    with pytest.raises(
        InputError, match=r"^image: 640 x 255 pixels; the short side must have at least 256$"
    ) as refused:
        decode_image(path, LIMITS)

    assert refused.value.code is InputCode.IMAGE_TOO_SMALL


def test_the_smallest_size_is_accepted(tmp_path):
    path = tmp_path / "small.png"
    Image.new("RGB", (256, 256)).save(path)

    assert decode_image(path, LIMITS).pixels.shape == (256, 256, 3)


@pytest.mark.parametrize(("width", "height"), [(256, 12_000), (12_000, 256), (256, 1025)])
def test_a_narrow_picture_is_refused_with_the_ratio_of_its_sides(tmp_path, width, height):
    path = tmp_path / "narrow.png"
    Image.new("RGB", (width, height)).save(path)

    with pytest.raises(InputError) as refused:
        decode_image(path, LIMITS)

    ratio = max(width, height) / min(width, height)
    assert refused.value.code is InputCode.IMAGE_TOO_NARROW
    expected = (
        f"image: {width} x {height} pixels; the long side is {ratio:.1f} times the short one, the limit is 4 times"
    )
    assert str(refused.value) == expected


def test_the_longest_ratio_is_accepted(tmp_path):
    path = tmp_path / "long.png"
    Image.new("RGB", (256, 1024)).save(path)

    assert decode_image(path, LIMITS).pixels.shape == (1024, 256, 3)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [6_400, 12_000, 30_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_without_decoding(tmp_path, side):
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    _write_png(path, header, zlib.compress(bytes(1_000_000)))
    tracemalloc.start()

    with pytest.raises(InputError) as refused:
        decode_image(path, LIMITS)

    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code is InputCode.IMAGE_TOO_LARGE
    assert peak_bytes < 5_000_000


def test_a_file_over_the_byte_limit_is_not_opened(tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(picture()).save(path)

    with pytest.raises(InputError, match="MB; the limit is") as refused:
        decode_image(path, replace(LIMITS, max_image_bytes=100))

    assert refused.value.code is InputCode.IMAGE_TOO_LARGE


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".jpg", 12)])
def test_a_written_image_reads_back(tmp_path, suffix, tolerance):
    path = tmp_path / f"thumbnail{suffix}"
    write_image(path, picture())

    assert np.abs(decode_image(path, LIMITS).pixels.astype(int) - picture()).max() <= tolerance


def _write_png(path: Path, header: bytes, pixels: bytes) -> None:
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    content = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
