"""From a frame of the square to what the video shows: in its place in the photograph, before another backdrop."""

from collections.abc import Callable
from dataclasses import dataclass

import av

from mmgt_core.backdrop.backdrop import Backdrop
from mmgt_core.backdrop.cutting_out import Composing, CutOut, CutsOut, FramedCutting, cutting_out_of_squares
from mmgt_core.media.film_streams import bt709_frame
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.types import RenderedFrame
from mmgt_core.whole_picture.composer import Composer
from mmgt_core.whole_picture.surroundings import Surroundings


@dataclass(frozen=True)
class ShownPicture:
    """film: as a film keeps it. person: cut out, where they stand before another backdrop."""

    film: av.VideoFrame
    person: CutOut | None = None


Showing = Callable[[RenderedFrame], ShownPicture]
"""What a video shows of each frame, in their order."""


def showing(inputs: Inputs, resolution: int) -> Showing:
    """Args: resolution: of the square."""
    if inputs.backdrop is not None:
        return _before(inputs.backdrop, _cutting_out(inputs, resolution), inputs.video_size(resolution))
    if inputs.surroundings is None:
        return lambda frame: ShownPicture(bt709_frame(frame.image))
    compose = _composing(inputs.surroundings, inputs, resolution)
    return lambda frame: ShownPicture(compose(frame.image))


def _composing(around: Surroundings, inputs: Inputs, resolution: int) -> Composing:
    return Composer(around, scaled(inputs.reference_image, resolution)).frame


def _cutting_out(inputs: Inputs, resolution: int) -> CutsOut:
    portrait, keypoints, around = inputs.reference_image, inputs.initial_keypoints, inputs.surroundings
    if around is None:
        return cutting_out_of_squares(portrait, keypoints, resolution)
    return FramedCutting(_composing(around, inputs, resolution), around, portrait, keypoints, resolution)


def _before(backdrop: Backdrop, cut_out: CutsOut, size: tuple[int, int]) -> Showing:
    picture = backdrop.filling(*size)

    def show(frame: RenderedFrame) -> ShownPicture:
        person = cut_out(frame)
        return ShownPicture(bt709_frame(person.before(picture)), person)

    return show
