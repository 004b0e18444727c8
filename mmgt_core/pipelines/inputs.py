"""From files that a stranger sent to checked inputs, before any large network is loaded."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mmgt_core.backdrop.backdrop import KEEP, Backdrop, of_image
from mmgt_core.captions.timing import CaptionSource, said_too_much
from mmgt_core.captions.webvtt import Captions, check_within, read_captions
from mmgt_core.config import Preset
from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.audio_decoding import DecodedAudio, decode_audio
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import inspect_driving_video
from mmgt_core.pipelines.driving_poses import FindPoses, poses_of_every_frame
from mmgt_core.pipelines.keypoint_file import read_keypoints, read_made_poses
from mmgt_core.pipelines.progress import InputStep, RunControl
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.framing import CropChoice, SquareFrame, head_box
from mmgt_core.pose.initial_pose import InitialPose, find_initial_pose, turned_right
from mmgt_core.pose_sampling import Lips
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import Surroundings, surroundings_of

MakeDetector = Callable[[], WholeBodyDetector]


@dataclass(frozen=True)
class InputFiles:
    """What the caller names. audio may be None where a driving video has sound of its own.

    poses: those that were made of the others before, until=poses; they are taken over as they are.
    """

    image: Path
    audio: Path | None = None
    driving_video: Path | None = None
    driving_keypoints: Path | None = None
    captions_file: Path | None = None
    poses: Path | None = None
    backdrop_image: Path | None = None

    @property
    def has_no_poses(self) -> bool:
        """Whether stage 1 must make them."""
        return self.driving_video is None and self.driving_keypoints is None

    def lips(self, asked: Lips | None, *, is_spoken: bool) -> Lips:
        """Whose they are: as asked, else the sound's unless that is the driving video's own. is_spoken: of a text."""
        return asked or (Lips.AUDIO if self.audio is not None or is_spoken else Lips.DRIVING)

    def need_stage_1(self, asked: Lips | None, *, is_spoken: bool) -> bool:
        """Whether some of the poses must be made."""
        return self.has_no_poses or self.lips(asked, is_spoken=is_spoken) is Lips.AUDIO


@dataclass(frozen=True)
class InputWishes:
    """How inputs are taken: which part of the image, how much of it the video shows, whether speech may be silent.

    lips: of driving poses; None: as the files have it. backdrop: None: what the photograph has, or a
    file's. captions: what they are made of, where they are wanted; a
    captions file goes before it.
    unspoken_s: silence so long stands for speech that is still to be made, where only the other inputs are looked at.
    """

    crop: CropChoice = field(default_factory=CropChoice.auto)
    framing: Framing = Framing.SQUARE
    allow_silence: bool = False
    lips: Lips | None = None
    captions: CaptionSource | None = None
    unspoken_s: float | None = None
    backdrop: Backdrop | None = None


@dataclass(frozen=True)
class Inputs:
    """Everything that a generation needs to know of its inputs.

    reference_image: (512, 512, 3) RGB. crop: where it lay in the source image. initial_keypoints: (134, 3) on its
    pixels. waveform: exactly as long as the video. sound: the recording whose sound the video gets. driving_poses:
    instead of stage 1. is_drawn: the image shows a drawn presenter. surroundings: what the video shows around the
    square; None: nothing. lips: whose the driving poses get. captions: what they are made of; None: there are none.
    made_poses: the video's own, of an earlier run.
    backdrop: what stands behind the person; None: what does in the image.
    """

    reference_image: UInt8Array
    crop: SquareFrame
    initial_keypoints: Float32Array
    waveform: Waveform
    sound: Path
    driving_poses: PoseSequence | None
    warnings: tuple[InputWarning, ...]
    is_drawn: bool = False
    surroundings: Surroundings | None = None
    lips: Lips = Lips.DRIVING
    captions: CaptionSource | None = None
    made_poses: PoseSequence | None = None
    backdrop: Backdrop | None = None

    @property
    def backdrop_name(self) -> str:
        """As the manifest tells it."""
        return KEEP if self.backdrop is None else self.backdrop.name

    @property
    def needs_stage_1(self) -> bool:
        """Whether some of the poses are still to be made."""
        return self.made_poses is None and (self.driving_poses is None or self.lips is Lips.AUDIO)

    def with_speech_in_file(self) -> "Inputs":
        """The same, the speech in a file; not while strangers' files are looked at, when nothing may be written."""
        return replace(self, waveform=Waveform.in_file(self.waveform.samples))

    @property
    def num_frames(self) -> int:
        """Of the video."""
        return self.waveform.num_frames

    def video_size(self, resolution: int) -> tuple[int, int]:
        """Width and height of the video in pixels. resolution: of the square."""
        return (resolution, resolution) if self.surroundings is None else self.surroundings.size


def prepare_inputs(
    files: InputFiles,
    wishes: InputWishes,
    limits: MediaLimits,
    make_detector: MakeDetector,
    control: RunControl,
    find_poses: FindPoses = poses_of_every_frame,
) -> Inputs:
    """Decode and check every input, and find the person.

    Args:
        files: paths of the inputs.
        wishes: how they are taken.
        limits: bounds of what is decoded.
        make_detector: called once the files are known to be good.
        control: progress over the frames of a driving video, cancellation.
        find_poses: of a driving video.

    Raises:
        InputError: an input cannot be used; names it and the number.
    """
    control.on_input(InputStep.CAPTIONS_FILE)
    captions_file = read_captions(files.captions_file, limits.max_captions_bytes) if files.captions_file else None
    control.on_input(InputStep.AUDIO if files.audio else InputStep.DRIVING_VIDEO)
    audio = _decode_sound(files, limits, wishes)
    control.on_input(InputStep.IMAGE)
    image = decode_image(files.image, limits)
    control.on_input(InputStep.BACKDROP_IMAGE)
    backdrop = _pictured(files.backdrop_image, limits) if files.backdrop_image else wishes.backdrop
    control.on_input(InputStep.DRIVING_VIDEO)
    video = inspect_driving_video(files.driving_video, limits) if files.driving_video else None
    control.on_input(InputStep.DRIVING_KEYPOINTS)
    poses = read_keypoints(files.driving_keypoints, limits) if files.driving_keypoints else None
    made = read_made_poses(files.poses) if files.poses else None
    control.on_input(InputStep.PERSON)
    detector = make_detector()
    initial = find_initial_pose(image.pixels, detector, wishes.crop)
    warnings = image.warnings + initial.warnings
    if files.driving_video and video and made is None:
        control.on_input(InputStep.DRIVING_POSES)
        poses, more = find_poses(files.driving_video, video, limits, detector, control)
        warnings += more
    num_frames, more = _common_length(audio.waveform, made or poses)
    more = () if wishes.unspoken_s is not None else more  # an estimate differs from everything
    return Inputs(
        reference_image=initial.reference_image,
        crop=initial.frame,
        initial_keypoints=initial.keypoints,
        waveform=_fitted(audio.waveform, num_frames),
        sound=audio.source,
        driving_poses=PoseSequence(poses.keypoints[:num_frames]) if poses else None,
        made_poses=PoseSequence(made.keypoints[:num_frames]) if made else None,
        warnings=(*audio.warnings, *warnings, *more),
        is_drawn=initial.is_drawn,
        surroundings=_surroundings(image.pixels, initial, wishes.framing, limits),
        lips=files.lips(wishes.lips, is_spoken=wishes.unspoken_s is not None),
        captions=_captions(wishes, captions_file, num_frames / FPS),
        backdrop=backdrop,
    )


def warned_of_photographs(inputs: Inputs, preset: Preset) -> Inputs:
    """The same inputs; with a warning where a photograph meets a preset whose stage 2 has only seen drawings."""
    if inputs.is_drawn or not (preset.is_trained and preset.is_for_drawings):
        return inputs
    message = (
        f"image: a photograph, but {preset.name} draws presenters only: where its picture of this one does not hold, "
        "the photograph itself is moved along its bones"
    )
    return replace(inputs, warnings=(*inputs.warnings, InputWarning("photograph", message)))


def _captions(wishes: InputWishes, file: Captions | None, seconds: float) -> CaptionSource | None:
    """What captions are made of: the client's own file, else words; as far as the length is known, it must fit them."""
    source = wishes.captions and replace(wishes.captions, file=file)
    if source is None or wishes.unspoken_s is not None:
        return source
    if file is not None:
        check_within(file, seconds)
    elif problem := said_too_much(source.text, seconds):
        raise InputError(InputCode.TRANSCRIPT_TOO_LONG, problem)
    return source


def _pictured(path: Path, limits: MediaLimits) -> Backdrop:
    """A file's picture as backdrop, within the bounds of the image."""
    try:
        return of_image(decode_image(path, limits).pixels, limits.max_framed_side_px)
    except InputError as error:
        message = str(error).removeprefix(f"{error.field}: ")
        raise InputError(InputCode(f"backdrop_{error.code.value}"), message) from error


def _surroundings(
    image: UInt8Array, initial: InitialPose, framing: Framing, limits: MediaLimits
) -> Surroundings | None:
    """What a framing shows of the image, turned upright as its person is."""
    if framing is Framing.SQUARE:
        return None
    num_quarters, size = initial.num_quarters, (image.shape[0], image.shape[1])
    square = turned_right(initial.frame, size, -num_quarters % 4)
    head = head_box(initial.keypoints, square)
    return surroundings_of(np.rot90(image, num_quarters), square, head, framing, limits.max_framed_side_px)


def _decode_sound(files: InputFiles, limits: MediaLimits, wishes: InputWishes) -> DecodedAudio:
    allow_silence = wishes.allow_silence
    if wishes.unspoken_s is not None:
        samples = np.zeros(round(wishes.unspoken_s * FPS) * SAMPLES_PER_FRAME, np.float32)
        return DecodedAudio(Waveform(samples), Path("nothing was spoken yet"))
    if files.audio is not None:
        return decode_audio(files.audio, limits, allow_silence=allow_silence)
    if files.driving_video is None:
        raise InputError(InputCode.AUDIO_UNREADABLE, "none given, and no driving video whose sound could stand for it")
    return decode_audio(files.driving_video, limits, field="driving_video", allow_silence=allow_silence)


def _common_length(waveform: Waveform, poses: PoseSequence | None) -> tuple[int, tuple[InputWarning, ...]]:
    """The video is as long as the shorter of sound and driving poses."""
    num_sound = waveform.num_frames
    if poses is None or abs(len(poses) - num_sound) <= 1:
        return (num_sound if poses is None else min(num_sound, len(poses))), ()
    num_frames = min(num_sound, len(poses))
    sound_s, poses_s = num_sound / FPS, len(poses) / FPS
    message = f"sound of {sound_s:.2f} s and driving poses of {poses_s:.2f} s: cut to {num_frames / FPS:.2f} s"
    return num_frames, (InputWarning("lengths_differ", message),)


def _fitted(waveform: Waveform, num_frames: int) -> Waveform:
    """The waveform cut or filled with silence to exactly the video's length (less than half a frame by itself)."""
    length = num_frames * SAMPLES_PER_FRAME
    samples = waveform.samples[:length]
    missing = length - len(samples)
    return Waveform(np.pad(samples, (0, missing)) if missing else samples)
