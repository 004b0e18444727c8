"""Laws of a clip: its seed says everything, its parts last equally long."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from mmgt_core.errors import MMGTError
from mmgt_core.synthetic import clip as synthetic
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import MAX_CLIP_S, MIN_CLIP_S, SyntheticClip, synthetic_clip
from mmgt_core.types import SAMPLES_PER_FRAME

HASH = """
import hashlib
from mmgt_core.synthetic.clip import synthetic_clip
clip = synthetic_clip(7)
parts = clip.waveform.samples.tobytes() + clip.pose_sequence.keypoints.tobytes() + clip.render([0, 40], 128).tobytes()
assert hashlib.sha256(parts).hexdigest() == "{}"
"""


def test_a_seed_gives_the_same_clip_bit_for_bit_in_another_process(clips: list[SyntheticClip]) -> None:
    clip = clips[7]
    parts = clip.waveform.samples.tobytes() + clip.pose_sequence.keypoints.tobytes()
    digest = hashlib.sha256(parts + clip.render([0, 40], 128).tobytes()).hexdigest()

    subprocess.run([sys.executable, "-c", HASH.format(digest)], check=True)


def test_seeds_differ_in_person_text_and_motion(clips: list[SyntheticClip]) -> None:
    assert len({clip.text for clip in clips}) == len(clips)
    assert len({clip.identity for clip in clips}) == len(clips)
    assert len({clip.pose_sequence.keypoints[40].tobytes() for clip in clips}) == len(clips)


def test_sound_and_motion_last_equally_long(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        assert len(clip.waveform.samples) == len(clip.pose_sequence) * SAMPLES_PER_FRAME
        assert len(clip.mouth_opening) == len(clip.pose_sequence)
        assert MIN_CLIP_S <= clip.waveform.seconds <= MAX_CLIP_S
        assert 0.3 < np.abs(clip.waveform.samples).max() <= 0.9


@pytest.mark.parametrize("seconds", [1, 3.2, 12.5])
def test_a_clip_lasts_as_long_as_asked_for(seconds: float) -> None:
    clip = synthetic_clip(FIRST_HELD_OUT_SEED + 3, seconds)

    assert clip.waveform.num_frames == len(clip.pose_sequence) == round(seconds * 25)
    assert clip.mouth_opening[-20:].max() > 0


def test_phonemes_end_with_the_sound_and_those_that_are_cut_off_still_move_the_body(monkeypatch) -> None:
    move, moving = synthetic.speaking_motion, []

    def remember(phonemes, *speech):
        moving.extend(phonemes)
        return move(phonemes, *speech)

    monkeypatch.setattr(synthetic, "speaking_motion", remember)

    clip = synthetic_clip(5, 3)

    heard = [phoneme for phoneme in moving if phoneme.start_s < 3]
    assert clip.phonemes[-1].end_s == clip.waveform.seconds == 3
    assert list(clip.phonemes[:-1]) == heard[:-1]
    assert moving[-1].end_s > 5


@pytest.mark.parametrize(("seed", "seconds"), [(-1, None), (1, 0.5), (1, 601.0)])
def test_seeds_and_lengths_outside_their_range_are_refused_with_the_number(seed: int, seconds: float | None) -> None:
    with pytest.raises(MMGTError, match=str(-1) if seed < 0 else f"{seconds:g} s"):
        synthetic_clip(seed, seconds)
