"""Keypoints in `.npy` and JSON files: a stranger's, refused with the likely cause, and ours, written pose by pose."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import CANVAS_SIZE, FACE, NUM_KEYPOINTS, Float32Array
from mmgt_core.media.files import file_bytes
from mmgt_core.media.limits import MediaLimits, megabytes
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.uprightness import face_turn_degrees
from mmgt_core.types import PoseSequence

_FARTHEST_PX = 16 * CANVAS_SIZE
"""Points may leave the picture, but not so far that drawing them would overflow."""

_LARGEST_SHARE = 2.0
"""Values of one picture's width stay below it, wherever the origin is and however far a hand reaches out."""

_HEAD_BYTES = 512
_SMALLEST_FIGURE_PX = 32
_MIN_SHARE_ON_CANVAS = 0.5
_MAX_TURN_DEGREES = 60.0
_WANTED = f"(frames, {NUM_KEYPOINTS}, 3) is needed, at least one frame"
_WANTED_UNIT = f"x and y in pixels of the {CANVAS_SIZE} canvas are needed"


class KeypointWriter:
    """Writes an `.npy` file of (frames, 134, 3) float32 as the poses come, so that nobody holds them all."""

    def __init__(self, path: Path, num_frames: int) -> None:
        """Args: num_frames: how many will be written."""
        self._path, self._shape = path, (num_frames, NUM_KEYPOINTS, 3)

    def __enter__(self) -> Self:
        """Raises: OSError: the file cannot be written."""
        self._file = self._path.open("wb")
        header = {"descr": "<f4", "fortran_order": False, "shape": self._shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def write(self, keypoints: Float32Array) -> None:
        """Append one pose, (134, 3)."""
        self._file.write(keypoints.astype("<f4").tobytes())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()


def read_made_poses(path: Path) -> PoseSequence:
    """What a `KeypointWriter` wrote, bit by bit."""
    return PoseSequence(np.load(path, allow_pickle=False))


def read_keypoints(path: Path, limits: MediaLimits) -> PoseSequence:
    """Keypoints from a `.npy` file, or a JSON array of poses: (frames, 134, 3) in pixels of the 512 canvas.

    Raises:
        InputError: DRIVING_KEYPOINTS_INVALID.
    """
    num_bytes = file_bytes(path, InputCode.DRIVING_KEYPOINTS_INVALID)
    if num_bytes > limits.max_keypoints_bytes:
        raise _invalid(f"{megabytes(num_bytes)}; the limit is {megabytes(limits.max_keypoints_bytes)}")
    stored = _stored_in_json(path) if _is_json(path) else _stored_in_npy(path)
    if stored.ndim != 3 or stored.shape[1:] != (NUM_KEYPOINTS, 3) or not len(stored):
        raise _invalid(f"shape {stored.shape}; {_WANTED}{_likely_shape(stored.shape)}")
    if stored.dtype.kind not in "fiu":
        raise _invalid(f"values of type {stored.dtype}; numbers are needed")
    with np.errstate(over="ignore"):
        keypoints = np.array(stored, np.float32)
    if not np.isfinite(keypoints).all():
        raise _invalid(f"{int((~np.isfinite(keypoints)).sum())} values are not finite")
    farthest = float(np.abs(keypoints).max())
    if farthest > _FARTHEST_PX:
        raise _invalid(f"a value of {farthest:g}; pixels of the 512 canvas reach to {_FARTHEST_PX} at most")
    _check_unit(keypoints)
    _check_axes(keypoints)
    return PoseSequence(keypoints)


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"[")


def _stored_in_npy(path: Path) -> npt.NDArray[np.generic]:
    try:
        return np.lib.format.open_memmap(path, mode="r")  # a header that promises more than the file has is refused
    except (OSError, ValueError, EOFError) as error:
        raise _invalid("it is neither a .npy file of numbers nor JSON, or it ends early") from error


def _stored_in_json(path: Path) -> npt.NDArray[np.generic]:
    try:
        poses = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _invalid("it is no JSON in UTF-8, or it ends early") from error
    try:
        return np.array(poses)
    except (ValueError, OverflowError) as error:  # rows of different lengths, or deeper than arrays go
        raise _invalid(f"its poses or points are not all of one length; {_WANTED}") from error


def _likely_shape(shape: tuple[int, ...]) -> str:
    """What is probably meant by a shape that is not the wanted one, as the end of a sentence."""
    if shape == (NUM_KEYPOINTS, 3):
        return ": one pose alone lacks the axis of frames"
    if shape[1:] == (NUM_KEYPOINTS, 2):
        return ": the confidence of each point is missing"
    if len(shape) == 3 and NUM_KEYPOINTS in shape:
        return ": the axes stand in another order"
    if shape[1:2] == (NUM_KEYPOINTS - 1,):
        return ": the neck, which stands between the shoulders, is missing"
    return ""


def _check_unit(keypoints: Float32Array) -> None:
    """Whether the points that would be drawn make a figure on the canvas."""
    is_seen = keypoints[..., 2] > VISIBLE  # (F, 134)
    places = keypoints[is_seen | ~is_seen.any()][:, :2]
    lowest, highest = float(places.min()), float(places.max())
    if lowest < highest and max(-lowest, highest) <= _LARGEST_SHARE:
        kind = "-1 to 1" if lowest < -0.5 else "0 to 1"
        raise _invalid(f"x and y lie in {lowest:.2f} to {highest:.2f}, as shares ({kind}) do; {_WANTED_UNIT}")
    if not is_seen.any():
        most = float(keypoints[..., 2].max())
        raise _invalid(f"no confidence above {VISIBLE}, the highest is {most:g}: no point would be drawn")
    extents = [float(np.ptp(pose[points, :2], axis=0).max()) for pose, points in zip(keypoints, is_seen, strict=True)
               if points.any()]  # fmt: skip
    if np.median(extents) < _SMALLEST_FIGURE_PX:
        message = f"all points of a pose lie within {np.median(extents):.1f} pixels, no figure can be seen"
        raise _invalid(f"{message}; {_WANTED_UNIT}")
    share = float(((places >= 0) & (places < CANVAS_SIZE)).all(axis=1).mean())
    if share < _MIN_SHARE_ON_CANVAS:
        right, bottom = places.max(axis=0).tolist()
        message = f"{share:.0%} of the points lie on the {CANVAS_SIZE} canvas, they reach to {right:.0f}, {bottom:.0f}"
        raise _invalid(f"{message}, as on another canvas; {_WANTED_UNIT}")


def _check_axes(keypoints: Float32Array) -> None:
    """Whether the faces stand upright."""
    has_face = keypoints[:, FACE, 2].mean(axis=1) > VISIBLE
    if not has_face.any():
        return
    turn = face_turn_degrees(keypoints[has_face])
    if abs(turn) > _MAX_TURN_DEGREES:
        cause = "y grows downward" if abs(turn) > 180 - _MAX_TURN_DEGREES else "x comes first, then y"
        raise _invalid(f"the face is turned by {turn:.0f} degrees; {cause}")


def _invalid(message: str) -> InputError:
    return InputError(InputCode.DRIVING_KEYPOINTS_INVALID, message)
