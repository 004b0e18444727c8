"""What a generation writes: the video and, on request beside it, pictures of how it came about."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch

from mmgt_core.ahead import done_ahead
from mmgt_core.backdrop.cutting_out import CutOut
from mmgt_core.captions.timing import CaptionsBeside, MadeCaptions
from mmgt_core.captions.webvtt import flattened
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.execution.execution import Execution
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.media.caption_track import ShownText
from mmgt_core.media.encoders import LAYERED, QUICK
from mmgt_core.media.film_streams import Encoder, layer_frame, shown
from mmgt_core.media.image_writing import write_image
from mmgt_core.media.preview_writer import PreviewWriter
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.keypoint_file import KeypointWriter
from mmgt_core.pipelines.mask_overlay import MaskOverlay
from mmgt_core.pipelines.output_files import Extra, Outputs, Until
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pipelines.shown_pictures import showing
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.pose_sampling import PoseGuidance, are_natural
from mmgt_core.types import FPS, MaskMotion, PoseSequence, RenderedFrame
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import Place

_WAITING_FRAMES = 8
"""So many may wait to be encoded."""
_VERSIONED = ("mmgt", "torch", "diffusers", "transformers", "numpy", "opencv-python-headless", "av", "librosa")


@dataclass(frozen=True)
class Means:
    """What a video is made with.

    device, dtype: of the video networks. decoding_dtype: what makes frames of latents. execution: of the
    denoising UNet.
    """

    device: torch.device
    dtype: torch.dtype
    decoding_dtype: torch.dtype
    encoder: Encoder
    execution: Execution


@dataclass(frozen=True)
class Manifest:
    """How a video came about: enough to make it again."""

    preset: str
    is_trained: bool
    weights: Mapping[str, str]
    options: Mapping[str, Any]
    num_frames: int
    fps: int
    resolution: int
    crop: str
    framing: Mapping[str, Any]
    captions: Mapping[str, Any] | None
    until: str
    backdrop: str
    is_pose_driven: bool
    takes_over_poses: bool
    lips: str
    device: str
    dtype: str
    decoding_dtype: str
    execution: Mapping[str, Any]
    encoder: str
    warnings: tuple[str, ...]
    versions: Mapping[str, str]
    stage_seconds: Mapping[str, float]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def resolved_options(preset: Preset, options: SamplingOptions) -> dict[str, Any]:
    """Every sampling number, with the preset's where none was given."""
    guidance = PoseGuidance.of(options.pose_guidance_scale, preset.pose_guidance_scale, preset.head_guidance_scale)
    video = options.video_sampling(preset)
    natural = are_natural(options.natural_poses, video.quality)
    wishes = asdict(options.pose_wishes)
    numbers = {name: number for name, number in asdict(options).items() if name != "pose_wishes"}
    return {**numbers, **wishes, **asdict(video), **asdict(guidance), "natural_poses": natural}


def describe(
    preset: Preset,
    weights: Mapping[str, str],
    inputs: Inputs,
    options: SamplingOptions,
    means: Means,
    control: RunControl,
    captions: MadeCaptions | None = None,
    until: Until = Until.VIDEO,
) -> Manifest:
    """The manifest of a finished run."""
    return Manifest(
        preset=preset.name,
        is_trained=preset.is_trained,
        weights=weights,
        options=resolved_options(preset, options),
        num_frames=inputs.num_frames,
        fps=FPS,
        resolution=preset.resolution,
        crop=str(inputs.crop),
        framing=_framing(inputs, preset.resolution),
        captions=None if captions is None else captions.facts,
        until=until.value,
        takes_over_poses=inputs.made_poses is not None,
        backdrop=inputs.backdrop_name,
        is_pose_driven=inputs.driving_poses is not None,
        lips=inputs.lips.value,
        device=str(means.device),
        dtype=str(means.dtype).removeprefix("torch."),
        decoding_dtype=str(means.decoding_dtype).removeprefix("torch."),
        execution=asdict(means.execution),
        encoder=means.encoder.name,
        warnings=tuple(warning.message for warning in (*inputs.warnings, *control.warnings.values())),
        versions={name: version(name) for name in _VERSIONED},
        stage_seconds={stage.value: round(seconds, 3) for stage, seconds in control.stage_seconds.items()},
    )


def _framing(inputs: Inputs, resolution: int) -> dict[str, Any]:
    """What the video shows, its size, and where the rendered square lies in it, in its pixels."""
    width, height = inputs.video_size(resolution)
    around = inputs.surroundings
    framing, place = (Framing.SQUARE, Place(0, 0, width, height)) if around is None else (around.framing, around.place)
    return {"framing": framing.value, "width": width, "height": height, "square": asdict(place)}


def write_videos(
    frames: Iterator[RenderedFrame],
    inputs: Inputs,
    outputs: Outputs,
    resolution: int,
    mask_motion: MaskMotion,
    encoder: Encoder,
) -> MadeCaptions | None:
    """Write the video and the extras that follow its frames, as the frames come, in a thread beside their making.

    Returns:
        The captions, where they are wanted; words are aligned in a process beside, from now on.
    """
    num_frames, first_frame = inputs.num_frames, None
    show = showing(inputs, resolution)
    overlay: MaskOverlay | None = None
    with ExitStack() as stack:
        captions, language = None, None
        if inputs.captions is not None:
            captions = stack.enter_context(CaptionsBeside(inputs.captions, inputs.waveform))
            language = inputs.captions.language
        video = stack.enter_context(
            VideoWriter(outputs.video, *inputs.video_size(resolution), inputs.sound, num_frames, encoder, language)
        )
        pose_video = _side_video(stack, outputs, Extra.POSE, num_frames)
        mask_video = _side_video(stack, outputs, Extra.MASKS, num_frames)
        layers = _layers(stack, inputs, outputs, resolution)
        keypoints = None
        if Extra.KEYPOINTS in outputs.extras:
            keypoints = stack.enter_context(KeypointWriter(outputs.path(Extra.KEYPOINTS), num_frames))
        if outputs.receiver is not None:
            outputs.receiver.begin(partial(PreviewWriter, resolution, resolution, inputs.sound, num_frames))

        def write(frame: RenderedFrame) -> av.VideoFrame:
            nonlocal overlay
            if outputs.receiver is not None:
                outputs.receiver.take(frame.image)
            picture = show(frame)
            video.append(picture.film)
            if picture.person is not None:
                layers(picture.person)
            if pose_video is not None:
                pose_video.write(draw_pose(frame.keypoints))
            if mask_video is not None:
                overlay = overlay or MaskOverlay(inputs.reference_image, frame.keypoints, mask_motion)
                mask_video.write(overlay.draw(frame.keypoints))
            if keypoints is not None:
                keypoints.write(frame.keypoints)
            return picture.film

        for picture in done_ahead(write, frames, _WAITING_FRAMES, num_threads=1):
            first_frame = picture if first_frame is None else first_frame
        made = None if captions is None else _captioned(captions, video, outputs)
    if Extra.THUMBNAIL in outputs.extras and first_frame is not None:
        write_image(outputs.path(Extra.THUMBNAIL), shown(first_frame))
    return made


def _captioned(captions: CaptionsBeside, video: VideoWriter, outputs: Outputs) -> MadeCaptions:
    """Write the captions into the video, and beside it."""
    made = captions.made()
    video.add_captions(ShownText(cue.start_s, cue.end_s, cue.text) for cue in flattened(made.captions.cues))
    if Extra.CAPTIONS in outputs.extras:
        outputs.path(Extra.CAPTIONS).write_text(made.captions.vtt, encoding="utf-8")
    return made


def write_poses(poses: Iterator[PoseSequence], num_frames: int, outputs: Outputs) -> None:
    """Write what a generation writes that ends with its poses, as these come."""
    with ExitStack() as stack:
        pose_video = _side_video(stack, outputs, Extra.POSE, num_frames)
        keypoints = stack.enter_context(KeypointWriter(outputs.path(Extra.KEYPOINTS), num_frames))
        for part in poses:
            for pose in part.keypoints:
                keypoints.write(pose)
                if pose_video is not None:
                    pose_video.write(draw_pose(pose))


def _layers(stack: ExitStack, inputs: Inputs, outputs: Outputs, resolution: int) -> Callable[[CutOut], None]:
    """What writes a person who was cut out: how opaque they are, and they by themselves, as wanted."""
    size = inputs.video_size(resolution)
    matte = _side_video(stack, outputs, Extra.MATTE, inputs.num_frames, size)
    layer = None
    if Extra.TRANSPARENT in outputs.extras:
        path = outputs.path(Extra.TRANSPARENT)
        layer = stack.enter_context(VideoWriter(path, *size, inputs.sound, inputs.num_frames, LAYERED))

    def write(person: CutOut) -> None:
        if matte is not None:
            matte.write(np.repeat(person.opacity[..., None], 3, axis=-1))
        if layer is not None:
            layer.append(layer_frame(person.layer, LAYERED.pixels))

    return write


def _side_video(
    stack: ExitStack,
    outputs: Outputs,
    extra: Extra,
    num_frames: int,
    size: tuple[int, int] = (CANVAS_SIZE, CANVAS_SIZE),
) -> VideoWriter | None:
    if extra not in outputs.extras:
        return None
    return stack.enter_context(VideoWriter(outputs.path(extra), *size, None, num_frames, QUICK))
