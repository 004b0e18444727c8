"""The end of generated poses: arms that slow down and sink back, a mouth that closes when nothing is heard any more."""

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from mmgt_core.keypoints import LEFT_HAND, LIPS, RIGHT_HAND, Float32Array
from mmgt_core.pose.coming_to_rest import REST_FRAMES, at_rest_at_the_end, speech_end
from mmgt_core.pose.face_motion import JAW, moved_along
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, SyntheticClip, synthetic_clip
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, PoseSequence, Waveform

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 8)
ARMS = [3, 4, 6, 7, *range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
MOUTH = [*range(JAW.start, JAW.stop), *range(LIPS.start, LIPS.stop)]
WRISTS, SHOULDERS = [4, 7], [2, 5]
BONES = ((2, 3), (3, 4), (5, 6), (6, 7))
FINGERS = [
    (hand.start + (0 if joint == 0 else 4 * finger + joint), hand.start + 4 * finger + joint + 1)
    for hand in (LEFT_HAND, RIGHT_HAND)
    for finger in range(5)
    for joint in range(4)
]


@pytest.fixture(scope="module")
def clips() -> list[SyntheticClip]:
    """Eight presenters, each cut while they speak."""
    return [synthetic_clip(seed, seconds=5) for seed in SEEDS]


def portrait(clip: SyntheticClip) -> Float32Array:
    return clip.pose_sequence.keypoints[clip.reference_frame]


def in_parts(poses: Float32Array, size: int) -> Iterator[PoseSequence]:
    return (PoseSequence(poses[first : first + size]) for first in range(0, len(poses), size))


def at_rest(clip: SyntheticClip, waveform: Waveform | None = None, size: int = 40) -> Float32Array:
    parts = at_rest_at_the_end(in_parts(clip.pose_sequence.keypoints, size), portrait(clip), waveform or clip.waveform)
    return np.concatenate([part.keypoints for part in parts])


def silent_from(clip: SyntheticClip, frame: int) -> Waveform:
    samples = clip.waveform.samples.copy()
    samples[frame * SAMPLES_PER_FRAME :] = 0
    return Waveform(samples)


def velocity(poses: Float32Array) -> np.ndarray:
    """Of the wrists from the shoulders, px a frame: (F - 1, 2, 2)."""
    return np.diff(poses[:, WRISTS, :2] - poses[:, SHOULDERS, :2], axis=0)


def lengths(poses: Float32Array, bones: list[tuple[int, int]] | tuple[tuple[int, int], ...]) -> np.ndarray:
    """(F, bones), px."""
    starts, ends = (list(points) for points in zip(*bones, strict=True))
    return np.linalg.norm(poses[:, starts, :2] - poses[:, ends, :2], axis=2)


def test_arms_stand_still_in_the_last_frame(clips: list[SyntheticClip]) -> None:
    before = np.linalg.norm([velocity(clip.pose_sequence.keypoints)[-1] for clip in clips], axis=-1)
    after = np.linalg.norm([velocity(at_rest(clip))[-1] for clip in clips], axis=-1)

    assert before.max() > 5  # in mid-gesture
    assert after.max() < 0.01


def test_arms_go_over_without_a_jerk(clips: list[SyntheticClip]) -> None:
    """From frame to frame their velocity changes no more than it does in presenters' own gestures."""
    ours = [
        np.linalg.norm(np.diff(velocity(at_rest(clip)[-REST_FRAMES - 4 :]), axis=0), axis=-1).max() for clip in clips
    ]
    own = [np.linalg.norm(np.diff(velocity(clip.pose_sequence.keypoints), axis=0), axis=-1).max() for clip in clips]

    assert max(ours) <= max(own)


def test_arms_end_closer_to_where_the_portrait_has_them(clips: list[SyntheticClip]) -> None:
    def way(poses: Float32Array, clip: SyntheticClip) -> np.ndarray:
        arm, own = (pose[WRISTS, :2] - pose[SHOULDERS, :2] for pose in (poses[-1], portrait(clip)))
        return np.linalg.norm(arm - own, axis=1)

    before = np.array([way(clip.pose_sequence.keypoints, clip) for clip in clips])
    after = np.array([way(at_rest(clip), clip) for clip in clips])

    assert (after <= before + 2).all()
    assert after.mean() < 0.25 * before.mean()


def test_bones_are_as_long_as_their_own_and_the_portraits_and_fingers_as_their_own(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        own, ours = clip.pose_sequence.keypoints[-REST_FRAMES - 1 :], at_rest(clip)[-REST_FRAMES - 1 :]
        known = np.concatenate([own, portrait(clip)[None]])
        for bones, models in ((BONES, known), (FINGERS, own)):
            shortest, longest = lengths(models, bones).min(axis=0), lengths(models, bones).max(axis=0)

            assert (lengths(ours, bones) >= 0.98 * shortest - 0.1).all()
            assert (lengths(ours, bones) <= 1.02 * longest + 0.1).all()


def test_nothing_but_arms_moves_otherwise_while_speech_is_heard(clips: list[SyntheticClip]) -> None:
    clip = clips[0]
    poses = clip.pose_sequence.keypoints
    assert speech_end(clip.waveform) >= len(poses) - 1

    changed = (at_rest(clip) != poses).any(axis=2)

    assert changed[-REST_FRAMES:, ARMS].any()
    assert not changed[: -REST_FRAMES - 1].any()
    assert not np.delete(changed, ARMS, axis=1).any()


def test_the_mouth_closes_once_nothing_is_heard_and_not_before(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        poses, ends = clip.pose_sequence.keypoints, len(clip.pose_sequence) - 12
        waveform = silent_from(clip, ends)
        last_sound = speech_end(waveform)

        eased = at_rest(clip, waveform)

        assert last_sound <= ends
        heard = max(last_sound, len(poses) - REST_FRAMES - 1)
        assert np.array_equal(eased[:heard, MOUTH], poses[:heard, MOUTH])
        for part in (JAW, LIPS):
            assert np.allclose(eased[-1, part, :2], moved_along(portrait(clip), poses[-1], part), atol=1e-2)


def test_the_mouth_closes_without_a_jerk(clips: list[SyntheticClip]) -> None:
    clip = clips[0]
    still = np.repeat(clip.pose_sequence.keypoints[60:61], 100, axis=0)  # a mouth that stays open
    waveform = Waveform(silent_from(clip, 90).samples[: 100 * SAMPLES_PER_FRAME])

    parts = at_rest_at_the_end(in_parts(still, 40), portrait(clip), waveform)
    lips = np.concatenate([part.keypoints for part in parts])[:, LIPS, :2]

    way = np.linalg.norm(lips[-1] - lips[0], axis=1).max()
    assert way > 2
    assert np.linalg.norm(np.diff(lips, axis=0), axis=2).max() <= 0.4 * way


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_poses_in_other_parts_end_alike(clips: list[SyntheticClip], size: int) -> None:
    assert np.array_equal(at_rest(clips[1], size=size), at_rest(clips[1]))


def test_only_the_last_frames_wait_for_the_end(clips: list[SyntheticClip]) -> None:
    clip, taken = clips[0], []
    parts = in_parts(clip.pose_sequence.keypoints, 40)
    stream = at_rest_at_the_end((taken.append(len(part)) or part for part in parts), portrait(clip), clip.waveform)

    lengths_of_parts = [(len(part), sum(taken)) for part in stream]

    assert lengths_of_parts == [(40, 40), (40, 80), (125 - 80 - REST_FRAMES - 1, 120), (REST_FRAMES + 1, 125)]


def test_parts_that_have_passed_are_let_go(clips: list[SyntheticClip]) -> None:
    clip, held = clips[0], []

    def parts() -> Iterator[PoseSequence]:
        for part in in_parts(clip.pose_sequence.keypoints, 10):
            copied = part.keypoints.copy()
            held.append(weakref.ref(copied))
            yield PoseSequence(copied)

    alive = [sum(ref() is not None for ref in held) for _ in at_rest_at_the_end(parts(), portrait(clip), clip.waveform)]

    assert max(alive) <= 2


@pytest.mark.parametrize("num_frames", [1, 2, 3, 6, 9, 30])
def test_the_shortest_videos_keep_their_length_and_their_first_frame(
    clips: list[SyntheticClip], num_frames: int
) -> None:
    clip = clips[0]
    poses = clip.pose_sequence.keypoints[50 : 50 + num_frames]
    waveform = Waveform(clip.waveform.samples[: num_frames * SAMPLES_PER_FRAME])

    eased = np.concatenate([p.keypoints for p in at_rest_at_the_end(in_parts(poses, 40), portrait(clip), waveform)])

    assert eased.shape == poses.shape
    assert np.array_equal(eased[0], poses[0])


def test_arms_that_the_portrait_does_not_show_slow_down_where_they_are(clips: list[SyntheticClip]) -> None:
    clip = clips[0]
    cropped = portrait(clip).copy()
    cropped[ARMS, 2] = 0
    poses = clip.pose_sequence.keypoints

    parts = at_rest_at_the_end(in_parts(poses, 40), cropped, clip.waveform)
    eased = np.concatenate([part.keypoints for part in parts])

    assert np.linalg.norm(velocity(eased)[-1], axis=-1).max() < 0.01
    travelled = poses[-REST_FRAMES - 1 :, WRISTS, :2] - poses[-REST_FRAMES - 1 :, SHOULDERS, :2]
    last = eased[-1, WRISTS, :2] - eased[-1, SHOULDERS, :2]
    assert np.allclose(last, travelled[7], atol=0.1)  # on its own path: half of the way to the last but one is lived


def test_arms_that_are_not_seen_are_left_alone(clips: list[SyntheticClip]) -> None:
    clip = clips[0]
    poses = clip.pose_sequence.keypoints.copy()
    poses[:, ARMS, 2] = 0

    parts = at_rest_at_the_end(in_parts(poses, 40), portrait(clip), clip.waveform)

    assert np.array_equal(np.concatenate([part.keypoints for part in parts]), poses)


def test_the_end_of_speech_is_found_whatever_its_loudness_and_hum_is_no_silence() -> None:
    time_s = np.arange(4 * 16_000) / 16_000
    voice = np.where(time_s < 3, np.sin(2 * np.pi * 150 * time_s), 0)
    ends = [speech_end(Waveform((level * voice).astype(np.float32))) for level in (1.0, 0.01)]
    humming = Waveform((0.5 * voice + 0.1 * np.sin(2 * np.pi * 50 * time_s)).astype(np.float32))

    assert ends == [3 * FPS, 3 * FPS]
    assert speech_end(humming) == 4 * FPS
    assert speech_end(Waveform(np.zeros(16_000, np.float32))) == 0
