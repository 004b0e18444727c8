"""Photos of any shape and size: the person stands in the crop, and the keypoints stand on the person."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.keypoints import FACE
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs
from mmgt_core.pipelines.progress import RunControl
from tests.integration.generate.command import PORTRAIT, frames_of, generate

SHAPES = {
    # Where the portrait is put: size of the whole picture, side of the portrait in it, its corner.
    "portrait": ((600, 900), 600, (0, 150)),
    "landscape": ((1100, 620), 620, (300, 0)),
    "4k": ((3840, 2160), 2000, (900, 80)),
}


def prepared(image: Path, audio: Path) -> Inputs:
    files = InputFiles(image, audio)
    return prepare_inputs(
        files, InputWishes(), MediaLimits(), lambda: load_detector(Path("no weights"), MMGT_DEMO), RunControl()
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_photo_of_any_shape_keeps_person_and_keypoints_together(tmp_path, half_a_second, portrait_keypoints, shape):
    (width, height), side, corner = SHAPES[shape]
    source = Image.open(PORTRAIT).convert("RGB")
    photo = Image.new("RGB", (width, height), (120, 125, 130))
    photo.paste(source.resize((side, side), Image.Resampling.LANCZOS), corner)
    photo.save(tmp_path / "photo.jpg", quality=95)

    inputs = prepared(tmp_path / "photo.jpg", half_a_second)

    crop = inputs.crop
    in_photo = (inputs.initial_keypoints[FACE, :2] + 0.5) * crop.side / 512 + (crop.x, crop.y)
    in_portrait = (portrait_keypoints[FACE, :2] + 0.5) * side / 512 + corner
    # Detectors see another context in each photo: a fiftieth of the portrait's side is less than half an eye.
    np.testing.assert_allclose(in_photo, in_portrait, atol=side / 50)


def test_the_rotation_that_a_camera_noted_is_applied(tmp_path, half_a_second, portrait_keypoints):
    turned = ImageOps.exif_transpose(Image.open(PORTRAIT).convert("RGB")).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned to the left; show it turned to the right
    turned.save(tmp_path / "photo.jpg", exif=exif, quality=95)

    inputs = prepared(tmp_path / "photo.jpg", half_a_second)

    np.testing.assert_allclose(inputs.initial_keypoints[FACE, :2], portrait_keypoints[FACE, :2], atol=10)


def test_a_wide_4k_photo_becomes_a_square_video(tmp_path, half_a_second):
    photo = ImageOps.pad(Image.open(PORTRAIT).convert("RGB"), (3840, 2160), color=(120, 125, 130))
    photo.save(tmp_path / "photo.webp", quality=80)

    done = generate(tmp_path / "out.mp4", "--audio", half_a_second, image=tmp_path / "photo.webp")

    assert done.status == 0, done.stderr
    assert "image: 3840 x 2160 pixels; the square" in done.message
    assert frames_of(tmp_path / "out.mp4").shape == (12, 64, 64, 3)
