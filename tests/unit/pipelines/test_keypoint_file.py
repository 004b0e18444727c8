"""A file of driving keypoints holds a figure on the 512 canvas, or it is refused with what it probably holds."""

import json
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import FACE, LEFT_HAND, RIGHT_HAND, normalise, without_legs
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.keypoint_file import KeypointWriter, read_keypoints
from tests.unit.pose.figures import figure

POSES = np.stack([figure(256 + sway, 200, 150).keypoints for sway in (0, 2, 4)])
"""Three poses of one figure on the canvas: (3, 134, 3)."""


def saved(folder: Path, values: np.ndarray) -> Path:
    np.save(folder / "poses.npy", values)
    return folder / "poses.npy"


def in_pixels(scale: float, shift: float = 0.0) -> np.ndarray:
    """The poses with x and y in another unit."""
    return POSES * (scale, scale, 1) + np.array([shift, shift, 0])


def with_confidence(value: float) -> np.ndarray:
    changed = POSES.copy()
    changed[..., 2] = value
    return changed


REFUSED = {
    "0 to 1": (in_pixels(1 / 512), r"x and y lie in 0\.\d\d to 0\.\d\d, as shares \(0 to 1\) do; x and y in pixels of"),
    "-1 to 1": (in_pixels(2 / 512, -1), r"x and y lie in -0\.\d\d to 0\.\d\d, as shares \(-1 to 1\) do"),
    "what networks see": (normalise(POSES).reshape(POSES.shape), r"as shares \(-1 to 1\) do"),
    "a few pixels": (in_pixels(1 / 20), r"within \d+\.\d pixels, no figure can be seen"),
    "one place": (in_pixels(0, 256), r"within 0\.0 pixels"),
    "another canvas": (
        in_pixels(1, 512),
        r"0% of the points lie on the 512 canvas, they reach to \d+, \d+, as on another",
    ),
    "a larger canvas": (in_pixels(1080 / 512, 700), "% of the points lie on the 512 canvas"),
    "no confidence": (with_confidence(0), r"no confidence above 0\.3, the highest is 0: no point would be drawn"),
    "nothing": (np.zeros((3, 134, 3)), r"no confidence above 0\.3, the highest is 0"),
    "confidence left out": (
        POSES[..., :2],
        r"shape \(3, 134, 2\); .* at least one frame: the confidence of each point",
    ),
    "one pose": (POSES[0], r"shape \(134, 3\); .*: one pose alone lacks the axis of frames"),
    "points first": (POSES.transpose(1, 0, 2), r"shape \(134, 3, 3\); .*: the axes stand in another order"),
    "points last": (POSES.transpose(0, 2, 1), r"shape \(3, 3, 134\); .*: the axes stand in another order"),
    "no neck": (POSES[:, :133], r"shape \(3, 133, 3\); .*: the neck, which stands between the shoulders, is missing"),
    "y before x": (POSES[..., [1, 0, 2]], r"the face is turned by -\d+ degrees; x comes first, then y"),
    "y upward": (POSES * (1, -1, 1) + np.array([0, 512, 0]), r"turned by -?1\d\d degrees; y grows downward"),
    "not finite": (with_confidence(np.nan), "402 values are not finite"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_figure_on_the_canvas_is_refused_with_its_likely_cause(tmp_path: Path, kind: str) -> None:
    values, message = REFUSED[kind]

    with pytest.raises(InputError, match="^driving_keypoints: .*" + message) as refused:
        read_keypoints(saved(tmp_path, values), MediaLimits())

    assert refused.value.code is InputCode.DRIVING_KEYPOINTS_INVALID


def faceless() -> np.ndarray:
    hidden = POSES.copy()
    hidden[:, FACE, 2] = 0
    return hidden


def with_hands_below() -> np.ndarray:
    """Both hands, as confident as the rest, a hand's length under the canvas's border."""
    lowered = POSES.copy()
    lowered[:, LEFT_HAND, 1] += 300
    lowered[:, RIGHT_HAND, 1] += 300
    return lowered


def half_hidden() -> np.ndarray:
    """Every second frame saw nobody."""
    hidden = POSES.copy()
    hidden[1] = 0
    return hidden


@pytest.mark.parametrize(
    "values",
    [
        POSES,
        POSES[:1],
        without_legs(POSES),
        faceless(),
        with_hands_below(),
        half_hidden(),
        in_pixels(0.4),
        in_pixels(1, 90),
    ],
    ids=["whole", "one frame", "no legs", "no face", "hands below", "an empty frame", "far away", "at the border"],
)
def test_a_figure_on_the_canvas_is_taken_as_it_is(tmp_path: Path, values: np.ndarray) -> None:
    poses = read_keypoints(saved(tmp_path, values), MediaLimits())

    assert np.array_equal(poses.keypoints, values.astype(np.float32))


def written(folder: Path, text: str) -> Path:
    (folder / "poses.json").write_text(text, encoding="utf-8")
    return folder / "poses.json"


@pytest.mark.parametrize("before", ["", "\ufeff", " \n\t"], ids=["alone", "byte-order mark", "blanks"])
def test_an_array_of_poses_in_json_is_the_same_as_in_npy(tmp_path: Path, before: str) -> None:
    poses = read_keypoints(written(tmp_path, before + json.dumps(POSES.tolist())), MediaLimits())

    assert np.array_equal(poses.keypoints, POSES)


REFUSED_JSON = {
    "cut off": (json.dumps(POSES.tolist())[:-3], "no JSON in UTF-8, or it ends early"),
    "ragged": ("[[[1, 2, 3], [1, 2]]]", r"not all of one length; \(frames, 134, 3\)"),
    "words": (json.dumps(POSES.astype(str).tolist()), "numbers are needed"),
    "truth": (json.dumps((POSES > 0).tolist()), "numbers are needed"),
    "nothing": ("[]", r"shape \(0,\)"),
    "deep": ("[" * 100_000, "no JSON in UTF-8|not all of one length"),
    "huge": (json.dumps(POSES.tolist()).replace("0.", "1" * 400, 1), "numbers are needed|not finite|not all of one"),
    "not a number": (json.dumps(with_confidence(np.nan).tolist()), "402 values are not finite"),
    "one pose": (json.dumps(POSES[0].tolist()), "one pose alone lacks the axis of frames"),
}


@pytest.mark.parametrize("kind", REFUSED_JSON)
def test_json_that_is_no_array_of_poses_is_refused_with_its_likely_cause(tmp_path: Path, kind: str) -> None:
    text, message = REFUSED_JSON[kind]

    with pytest.raises(InputError, match="^driving_keypoints: .*(" + message + ")"):
        read_keypoints(written(tmp_path, text), MediaLimits())


def test_what_is_written_pose_by_pose_is_read_again_bit_by_bit(tmp_path: Path) -> None:
    with KeypointWriter(tmp_path / "poses.npy", len(POSES)) as writer:
        for pose in POSES:
            writer.write(pose)

    assert np.array_equal(read_keypoints(tmp_path / "poses.npy", MediaLimits()).keypoints, POSES)
