"""The poses of a video: driving ones, or stage 1's, mended, blinking and with an end at rest; as lively as asked."""

from collections.abc import Iterator
from functools import partial

from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.blinking import with_blinks
from mmgt_core.pose.carrying_over import carried_over, is_figure
from mmgt_core.pose.coming_to_rest import at_rest_at_the_end
from mmgt_core.pose.dubbing import dubbed
from mmgt_core.pose.liveliness import with_liveliness
from mmgt_core.pose.meeting import looping, starting_at
from mmgt_core.pose.mended_hands import with_mended_hands
from mmgt_core.pose_sampling import StartPose, are_natural
from mmgt_core.synthetic.rest import resting_presenter
from mmgt_core.types import PoseSequence, Waveform


def video_poses(
    stage_1: AudioToPose | None, preset: Preset, inputs: Inputs, options: SamplingOptions, control: RunControl
) -> Iterator[PoseSequence]:
    """The driving poses, or generated ones, made when they are asked for; calmer, livelier, begun and ended as wished.
    Those that were made before are all that already.

    Args: stage_1: None only where it makes none of them. preset, options, control: of the generation.
    """
    if inputs.made_poses is not None:
        return iter((inputs.made_poses,))
    driving = inputs.driving_poses
    poses = iter(() if driving is None else (driving,))
    if inputs.needs_stage_1:
        assert stage_1 is not None
        spoken = generated_poses(stage_1, preset, inputs.initial_keypoints, inputs.waveform, options, control)
        poses = spoken if driving is None else dubbed(driving, spoken)
    wishes = options.pose_wishes
    poses = with_liveliness(poses, wishes)
    if wishes.start_pose is StartPose.PORTRAIT:
        poses = starting_at(poses, inputs.initial_keypoints)
    return looping(poses) if wishes.loop else poses


def generated_poses(
    stage_1: AudioToPose,
    preset: Preset,
    initial_keypoints: Float32Array,
    waveform: Waveform,
    options: SamplingOptions,
    control: RunControl,
) -> Iterator[PoseSequence]:
    """Stage 1's poses, in order, as a video of the preset gets them: where it knows one figure, of anybody else too.

    Args:
        stage_1: who makes them.
        preset: whose mode says whether something is added to them, where the options do not.
        initial_keypoints: (134, 3) on the 512 canvas.
        waveform: the driving audio.
        options: of the generation.
        control: progress and cancellation.
    """
    knows_person = not preset.knows_one_figure or is_figure(initial_keypoints, resting_presenter())
    known = initial_keypoints if knows_person else resting_presenter()
    poses = stage_1.stream(known, waveform, options, control)
    if not knows_person:
        poses = carried_over(poses, known, initial_keypoints)
    if not are_natural(options.natural_poses, options.video_sampling(preset).quality):
        return poses
    poses = with_mended_hands(poses, initial_keypoints, partial(_tell_mended, control, waveform.num_frames))
    if not options.pose_wishes.loop:
        poses = at_rest_at_the_end(poses, initial_keypoints, waveform)
    return with_blinks(poses, waveform.num_frames, initial_keypoints, options.seed)


def _tell_mended(control: RunControl, num_frames: int, num_mended: int) -> None:
    control.warn(
        "hands_mended",
        f"in {num_mended} of {num_frames} frames a generated hand had bones too long or joints bent too far; "
        "there it goes from the shape before to the one after",
    )
