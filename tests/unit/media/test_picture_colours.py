"""Colours that a file describes come out as sRGB, as near as 8 bits allow."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from mmgt_core.media.image_decoding import DecodedImage, decode_image
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.pictures import encoded, picture, png_chunk, png_with

MAX_MEAN_DELTA_E = 1.0
"""The figure to reach is 1.5; two roundings to 8 bits stay below 1."""

SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
SPACES = {
    "Display P3": (
        np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]),
        2.2,
    ),
    "Adobe RGB": (
        np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]]),
        2.19921875,
    ),
    "ProPhoto": (
        np.array([[0.79767, 0.13519, 0.03134], [0.28804, 0.71188, 0.00009], [0.00000, 0.00000, 0.82491]]),
        1.8,
    ),
}
"""Red, green and blue in XYZ under D50, as their makers publish them, and the power from a value to light."""
P3_CHROMATICITIES = (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)


def light(image: np.ndarray) -> np.ndarray:
    """Of sRGB values: (H, W, 3) in 0..1."""
    values = image / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def stored(image: np.ndarray, space: str) -> np.ndarray:
    """sRGB values in another space: (H, W, 3) uint8."""
    matrix, gamma = SPACES[space]
    other = light(image) @ (np.linalg.inv(matrix) @ SRGB).T
    return np.rint(255 * other.clip(0, 1) ** (1 / gamma)).astype(np.uint8)


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2."""
    tags = {b"wtpt": xyz_tag((0.9642, 1, 0.8249)), **tags}
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body.ljust(-(-len(body) // 4) * 4, b"\0")
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(">I4xI4s4s4s12x4s", start + len(data), 0x02400000, kind, space, pcs, b"acsp")
    return header.ljust(68, b"\0") + xyz_tag((0.9642, 1, 0.8249))[8:].ljust(60, b"\0") + table + data


def xyz_tag(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))


def gamma_tag(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def rgb_profile(space: str) -> bytes:
    matrix, gamma = SPACES[space]
    tags = {name + b"XYZ": xyz_tag(tuple(column)) for name, column in zip((b"r", b"g", b"b"), matrix.T, strict=True)}
    return profile(b"RGB ", tags | {name + b"TRC": gamma_tag(gamma) for name in (b"r", b"g", b"b")})


def decoded(folder: Path, content: bytes) -> DecodedImage:
    (folder / "portrait").write_bytes(content)
    return decode_image(folder / "portrait", MediaLimits())


def delta_e(pixels: np.ndarray, wanted: np.ndarray) -> float:
    """Mean distance in CIE Lab."""
    one, other = (cv2.cvtColor((each / 255).astype(np.float32), cv2.COLOR_RGB2Lab) for each in (pixels, wanted))
    return float(np.linalg.norm(one - other, axis=-1).mean())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("space", SPACES)
def test_a_profile_is_applied(tmp_path: Path, space: str, form: str) -> None:
    quality = {"quality": 100, "subsampling": 0} if form == "JPEG" else {"lossless": True}
    content = encoded(form, stored(picture(), space), icc_profile=rgb_profile(space), **quality)

    image = decoded(tmp_path, content)

    assert delta_e(stored(picture(), space), picture()) > 3
    assert delta_e(image.pixels, picture()) < MAX_MEAN_DELTA_E
    assert image.warnings == ()


def test_a_profile_in_several_segments_is_applied_in_their_order(tmp_path: Path) -> None:
    whole = rgb_profile("ProPhoto")
    pieces = [b"ICC_PROFILE\0" + bytes([index + 1, 3]) + whole[120 * index : 120 * index + 120] for index in range(3)]
    plain = encoded("JPEG", stored(picture(), "ProPhoto"), quality=100, subsampling=0)
    segments = [struct.pack(">HH", 0xFFE2, len(piece) + 2) + piece for piece in reversed(pieces)]

    image = decoded(tmp_path, plain[:2] + b"".join(segments) + plain[2:])

    assert len(whole) in range(241, 361)
    assert delta_e(image.pixels, picture()) < MAX_MEAN_DELTA_E


def test_srgb_by_its_profile_stays_as_it_is(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    image = decoded(tmp_path, encoded("PNG", icc_profile=srgb))

    assert np.array_equal(image.pixels, picture())


def test_what_is_transparent_keeps_its_place_beside_a_profile(tmp_path: Path) -> None:
    colours = Image.fromarray(stored(picture(), "ProPhoto"))
    colours.putalpha(Image.fromarray(np.where(np.arange(320) < 160, 0, 255).astype(np.uint8)[None].repeat(260, axis=0)))

    image = decoded(tmp_path, encoded("PNG", colours, icc_profile=rgb_profile("ProPhoto")))

    assert (image.pixels[:, :160] == 255).all()
    assert delta_e(image.pixels[:, 160:], picture()[:, 160:]) < MAX_MEAN_DELTA_E


def test_a_palette_has_the_colours_of_its_profile(tmp_path: Path) -> None:
    wanted = np.full((256, 256, 3), (200, 90, 60), np.uint8)
    palette = Image.fromarray(stored(wanted, "Display P3")).quantize(4)

    image = decoded(tmp_path, encoded("PNG", palette, icc_profile=rgb_profile("Display P3")))

    assert delta_e(image.pixels, wanted) < MAX_MEAN_DELTA_E


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_is_applied(tmp_path: Path, mode: str) -> None:
    values = np.full((256, 256), 128, np.uint8)
    grey = Image.fromarray(values.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(values).convert(mode)

    image = decoded(tmp_path, encoded("PNG", grey, icc_profile=profile(b"GRAY", {b"kTRC": gamma_tag(1.0)})))

    expected = 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)
    assert np.abs(image.pixels.astype(float) - expected).max() <= 1
    assert image.warnings == ()


def test_a_printers_profile_is_applied(tmp_path: Path) -> None:
    """Sixteen corners, of which pure cyan alone is not white but middle grey."""
    corners = np.full((2, 2, 2, 2, 3), (255, 128, 128), np.uint8)
    corners[1, 0, 0, 0] = (128, 128, 128)  # L* 50
    ramp = np.arange(256, dtype=np.uint8).tobytes()
    identity = struct.pack(">9i", *(65_536 * np.eye(3, dtype=int).ravel()))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + corners.tobytes() + ramp * 3
    cyan = Image.new("CMYK", (256, 256), (255, 0, 0, 0))

    image = decoded(tmp_path, encoded("JPEG", cyan, icc_profile=profile(b"CMYK", {b"A2B0": table}, b"Lab ")))

    assert np.abs(image.pixels.astype(float) - 119).max() <= 3  # what L* 50 is in sRGB
    assert image.warnings == ()


@pytest.mark.parametrize(
    ("image", "described"),
    [
        (Image.fromarray(picture()), profile(b"GRAY", {b"kTRC": gamma_tag(1.0)})),
        (Image.fromarray(picture()).convert("CMYK"), rgb_profile("ProPhoto")),
    ],
)
def test_a_profile_of_other_colours_is_left_out_and_told(tmp_path: Path, image: Image.Image, described: bytes) -> None:
    plain = decoded(tmp_path, encoded("JPEG", image)).pixels

    with_profile = decoded(tmp_path, encoded("JPEG", image, icc_profile=described))

    assert np.array_equal(with_profile.pixels, plain)
    assert [warning.code for warning in with_profile.warnings] == ["image_profile_ignored"]


def gamma_chunk(gamma: float) -> bytes:
    return png_chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


P3_CHUNK = png_chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in P3_CHROMATICITIES)))
P3_BY_NUMBER = png_chunk(b"cICP", bytes([12, 4, 0, 1]))


def test_pngs_own_words_about_colour_are_applied(tmp_path: Path) -> None:
    in_p3 = stored(picture(), "Display P3")
    linear = np.rint(255 * light(picture())).astype(np.uint8)

    by_chromaticities = decoded(tmp_path, png_with(gamma_chunk(1 / 2.2), P3_CHUNK, image=in_p3)).pixels
    by_number = decoded(tmp_path, png_with(P3_BY_NUMBER, image=in_p3)).pixels
    by_gamma = decoded(tmp_path, png_with(gamma_chunk(1.0), image=linear)).pixels

    assert delta_e(by_chromaticities, picture()) < MAX_MEAN_DELTA_E
    assert delta_e(by_number, picture()) < MAX_MEAN_DELTA_E
    bright = picture().min(axis=-1) > 60  # eight bits of light are too few for the dark
    assert delta_e(by_gamma[bright][None], picture()[bright][None]) < MAX_MEAN_DELTA_E


def test_of_several_words_about_colour_the_first_in_rank_counts(tmp_path: Path) -> None:
    described = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(rgb_profile("Display P3")))
    in_p3 = stored(picture(), "Display P3")

    profile_before_gamma = decoded(tmp_path, png_with(described, gamma_chunk(1.0), image=in_p3)).pixels
    number_before_profile = decoded(tmp_path, png_with(png_chunk(b"cICP", bytes([1, 13, 0, 1])), described)).pixels
    srgb_before_gamma = decoded(tmp_path, png_with(png_chunk(b"sRGB", b"\0"), gamma_chunk(1.0))).pixels
    usual_gamma = decoded(tmp_path, png_with(gamma_chunk(0.45455))).pixels

    assert delta_e(profile_before_gamma, picture()) < MAX_MEAN_DELTA_E
    assert np.abs(number_before_profile.astype(int) - picture()).max() <= 1
    assert np.array_equal(srgb_before_gamma, picture())
    assert np.array_equal(usual_gamma, picture())
