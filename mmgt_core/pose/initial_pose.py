"""The first pose of a video: who is in the reference image, turned upright, framed, and where their keypoints are."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import BODY, CANVAS_SIZE, FACE, LEFT_HAND, RIGHT_HAND, SHOULDERS, Float32Array
from mmgt_core.pose.detector import VISIBLE, DetectedPerson, WholeBodyDetector
from mmgt_core.pose.even_faces import is_even
from mmgt_core.pose.framing import (
    Box,
    CropChoice,
    SquareFrame,
    bounds,
    choose_frame,
    choose_person,
    crop_image,
    inside,
    to_canvas,
)
from mmgt_core.pose.uprightness import face_turn_degrees
from mmgt_core.types import UInt8Array

_MAX_LEAN_DEGREES = 55.0
"""A head leans less; one that is turned further belongs to a picture that lies on its side or stands on its head."""
_LEVEL_DEGREES = 8.0
_SMALLEST_FACE_PX = 16
_LEAST_FIGURE = 1.05
"""In faces: the body with its shoulders, where these are seen, reaches beyond the face; usually twice as far."""

_SAME_PERSON_OVERLAP = 0.3
_RIGHT_WRIST, _LEFT_WRIST = 4, 7


@dataclass(frozen=True)
class InitialPose:
    """The reference image as the networks see it, and where its person's keypoints are.

    reference_image: (512, 512, 3) uint8 RGB. keypoints: (134, 3) float32 on the pixels of that image.
    frame: what was cut out of the source image. num_quarters: turns to the left that set the person upright.
    is_drawn: a drawn presenter.
    """

    reference_image: UInt8Array
    keypoints: Float32Array
    frame: SquareFrame
    warnings: tuple[InputWarning, ...]
    is_drawn: bool
    num_quarters: int = 0


@dataclass(frozen=True)
class _Upright:
    """The image after quarter turns to the left, and the person who is meant in it."""

    image: UInt8Array
    num_quarters: int
    person: DetectedPerson
    warnings: tuple[InputWarning, ...]


def find_initial_pose(image: UInt8Array, detector: WholeBodyDetector, crop: CropChoice) -> InitialPose:
    """Find the person and frame them; a second look at the close frame, where the detector sees best, says where.

    Args:
        image: (H, W, 3) uint8 RGB.
        detector: any whole-body detector.
        crop: how the frame is found; only inside a given one is the person looked for.

    Raises:
        InputError: IMAGE_NO_PERSON, IMAGE_MULTIPLE_PEOPLE, CROP_INVALID.
    """
    image_size = image.shape[0], image.shape[1]
    if crop.frame is not None:
        frame = inside(image_size, crop.frame)
        upright = _turned_upright(crop_image(image, frame), detector)
        reference_image, seen = upright.image, upright.person
    else:
        upright = _turned_upright(image, detector)
        size = upright.image.shape[0], upright.image.shape[1]
        close, shown = (choose_frame(size, upright.person, choice) for choice in (CropChoice.auto(), crop))
        reference_image = crop_image(upright.image, shown)
        seen = _second_look(upright.image, upright.person, close, detector)
        if shown != close:
            seen = replace(seen, keypoints=to_canvas(_from_canvas(seen.keypoints, close), shown))
        frame = turned_right(shown, size, upright.num_quarters)
    _refuse_collapsed(seen.keypoints)
    is_drawn = (
        upright.person.is_drawn
        or seen.is_drawn
        or is_even(reference_image, seen.keypoints)
        or _is_drawn_level(reference_image, seen.keypoints, detector)
    )
    warnings = (*upright.warnings, *_missing_hands(seen.keypoints), *_recropped(image_size, frame))
    return InitialPose(reference_image, seen.keypoints, frame, warnings, is_drawn, upright.num_quarters)


def _turned_upright(image: UInt8Array, detector: WholeBodyDetector) -> _Upright:
    """The image as it is if somebody stands upright in it, else turned until somebody does.

    Where a face is seen, it tells by how much; where none is, a detector may know only faces that stand upright.

    Raises:
        InputError: IMAGE_NO_PERSON, IMAGE_MULTIPLE_PEOPLE.
    """
    people = detector.detect(image)
    turns: tuple[int, ...] = (1, 3, 2)
    turn = 0.0
    if any(person.has_face for person in people):
        person, warnings = choose_person(people)
        turn = face_turn_degrees(person.keypoints)
        if abs(turn) <= _MAX_LEAN_DEGREES:
            return _Upright(image, 0, person, warnings)
        turns = (round(turn / 90) % 4,)
    for num_quarters in turns:
        turned = np.ascontiguousarray(np.rot90(image, num_quarters))
        found = detector.detect(turned)
        if not any(person.has_face for person in found):
            continue
        person, warnings = choose_person(found)
        if abs(face_turn_degrees(person.keypoints)) <= _MAX_LEAN_DEGREES:
            message = f"image: the person is turned by {90 * num_quarters} degrees clockwise; it is used turned upright"
            return _Upright(turned, num_quarters, person, (InputWarning("image_turned", message), *warnings))
    if turn:
        message = f"the person is turned by {turn % 360:.0f} degrees clockwise; turn the image upright"
        raise InputError(InputCode.IMAGE_NO_PERSON, message)
    raise InputError(InputCode.IMAGE_NO_PERSON, "0 people whose face can be seen; exactly one is needed")


def turned_right(frame: SquareFrame, size: tuple[int, int], num_quarters: int) -> SquareFrame:
    """Where a frame lies after its image was turned by quarters to the right. size: height and width before that."""
    height, width = size
    for _ in range(num_quarters):
        frame = SquareFrame(height - frame.y - frame.side, frame.x, frame.side)
        height, width = width, height
    return frame


def _refuse_collapsed(keypoints: Float32Array) -> None:
    """A skeleton whose points lie in a heap is no person's.

    Raises:
        InputError: IMAGE_NO_PERSON.
    """
    face = _extent(keypoints[FACE])
    seen = keypoints[BODY][keypoints[BODY, 2] > VISIBLE]
    has_shoulders = bool((keypoints[list(SHOULDERS), 2] > VISIBLE).all())
    figure = _extent(np.concatenate([seen, keypoints[FACE]]))
    if face < _SMALLEST_FACE_PX or (has_shoulders and figure < _LEAST_FIGURE * face):
        message = f"no figure can be seen: its points lie within {figure:.0f} pixels of {CANVAS_SIZE}"
        raise InputError(InputCode.IMAGE_NO_PERSON, message)


def _extent(points: Float32Array) -> float:
    return float(np.ptp(points[:, :2], axis=0).max())


def _is_drawn_level(picture: UInt8Array, keypoints: Float32Array, detector: WholeBodyDetector) -> bool:
    """Whether a leaning person, made level, is a drawn presenter: whoever knows these knows only upright ones."""
    turn = face_turn_degrees(keypoints)
    if abs(turn) < _LEVEL_DEGREES:
        return False
    middle = (CANVAS_SIZE - 1) / 2
    levelling = cv2.getRotationMatrix2D((middle, middle), turn, 1.0)
    level = cv2.warpAffine(picture, levelling, (CANVAS_SIZE, CANVAS_SIZE), borderMode=cv2.BORDER_REPLICATE)
    return any(person.is_drawn for person in detector.detect(np.asarray(level, np.uint8)))


def _second_look(
    image: UInt8Array, person: DetectedPerson, frame: SquareFrame, detector: WholeBodyDetector
) -> DetectedPerson:
    """The person on the frame's canvas, as seen in it; as seen before, where they are not found again."""
    expected = replace(person, keypoints=to_canvas(person.keypoints, frame))
    canvas = crop_image(image, frame)
    if canvas.shape == image.shape:
        return expected
    seen = expected.keypoints[:, 2] > VISIBLE
    for found in detector.detect(canvas):
        overlap = _overlap(bounds(found.keypoints[seen, :2]), bounds(expected.keypoints[seen, :2]))
        if found.has_face and overlap > _SAME_PERSON_OVERLAP:
            return replace(found, keypoints=_with_hands_of(found.keypoints, expected.keypoints))
    return expected


def _with_hands_of(keypoints: Float32Array, earlier: Float32Array) -> Float32Array:
    """A hand that only the earlier look saw is taken from there, with its wrist."""
    merged = keypoints.copy()
    for hand, wrist in ((LEFT_HAND, _LEFT_WRIST), (RIGHT_HAND, _RIGHT_WRIST)):
        if keypoints[hand, 2].mean() <= VISIBLE < earlier[hand, 2].mean():
            merged[hand], merged[wrist] = earlier[hand], earlier[wrist]
    return merged


def _from_canvas(keypoints: Float32Array, frame: SquareFrame) -> Float32Array:
    """The inverse of `to_canvas`."""
    mapped = keypoints.copy()
    mapped[:, :2] = (keypoints[:, :2] + 0.5) * (frame.side / CANVAS_SIZE) - 0.5 + (frame.x, frame.y)
    return mapped


def _overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared)


def _missing_hands(keypoints: Float32Array) -> tuple[InputWarning, ...]:
    hands = {"left": LEFT_HAND, "right": RIGHT_HAND}
    missing = [name for name, points in hands.items() if keypoints[points, 2].mean() <= VISIBLE]
    if not missing:
        return ()
    names = f"the {missing[0]} hand is" if len(missing) == 1 else "both hands are"
    what = "the preset invents how they look, or leaves them out of sight"
    return (InputWarning("hands_not_visible", f"image: {names} not visible; {what}"),)


def _recropped(image_size: tuple[int, int], frame: SquareFrame) -> tuple[InputWarning, ...]:
    height, width = image_size
    if frame == SquareFrame(0, 0, width) and height == width:
        return ()
    message = f"image: {width} x {height} pixels; the square {frame} (x, y, width, height) is used"
    return (InputWarning("image_recropped", message),)
