"""Laws of inputs that leave the sandbox: they come out as they went in, and the sound sample by sample."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.backdrop.backdrop import Backdrop
from mmgt_core.captions.cues import Cue
from mmgt_core.captions.timing import CaptionSource
from mmgt_core.captions.webvtt import captions_of
from mmgt_core.errors import InputWarning
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_file import SOUND_RATE_HZ, write_sound
from mmgt_core.media.sound_stream import SoundRules, stream_sound
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import Lips
from mmgt_core.speech.words import TimedWord
from mmgt_core.types import PoseSequence, Waveform
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.surroundings import Place, Surroundings
from tests.unit.media.recordings import SAMPLES, encode_film, encode_sound, speech
from worker.packed_inputs import pack, unpack

LIMITS = MediaLimits()
SPOKEN = CaptionSource("Hi.", heard=(TimedWord("Hi.", 0.25, 0.5),))


def heard(path: Path) -> np.ndarray:
    return np.concatenate(list(stream_sound(path, SOUND_RATE_HZ, 2, LIMITS, SoundRules())))


@pytest.mark.parametrize("is_driven", [True, False])
def test_inputs_come_out_as_they_went_in(tmp_path: Path, is_driven: bool) -> None:
    chance = np.random.default_rng(0)
    inputs = Inputs(
        reference_image=chance.integers(0, 256, (512, 512, 3), np.uint8),
        crop=SquareFrame(-3, 5, 700),
        initial_keypoints=chance.random((134, 3), np.float32),
        waveform=Waveform(chance.random(16_000, np.float32)),
        sound=SAMPLES / "speech.wav",
        driving_poses=PoseSequence(chance.random((25, 134, 3), np.float32)) if is_driven else None,
        warnings=(InputWarning("hands_not_visible", "image: both hands"),),
        is_drawn=True,
        surroundings=Surroundings(
            Framing.PHOTO, chance.integers(0, 256, (90, 120, 3), np.uint8), Place(-3.5, 4, 80.25, 80)
        ),
        backdrop=Backdrop("image", chance.integers(0, 256, (30, 40, 3), np.uint8)),
        lips=Lips.DRIVING if is_driven else Lips.AUDIO,
        made_poses=None if is_driven else PoseSequence(chance.random((25, 134, 3), np.float32)),
        captions=CaptionSource("Hi.", "de", captions_of([Cue(0, 1, "Hi & bye")])) if is_driven else SPOKEN,
    )

    back = unpack(pack(inputs, LIMITS, tmp_path), tmp_path)

    assert (back.crop, back.warnings, back.is_drawn) == (inputs.crop, inputs.warnings, inputs.is_drawn)
    assert back.captions == inputs.captions
    assert (back.lips, back.needs_stage_1) == (inputs.lips, False)
    assert (back.made_poses is None) == is_driven
    assert inputs.made_poses is None or np.array_equal(back.made_poses.keypoints, inputs.made_poses.keypoints)
    assert back.surroundings is not None
    assert inputs.surroundings is not None
    assert replace(back.surroundings, picture=inputs.surroundings.picture) == inputs.surroundings
    assert np.array_equal(back.surroundings.picture, inputs.surroundings.picture)
    assert back.backdrop is not None
    assert inputs.backdrop is not None
    assert back.backdrop.name == "image"
    assert np.array_equal(back.backdrop.picture, inputs.backdrop.picture)
    assert np.array_equal(back.reference_image, inputs.reference_image)
    assert np.array_equal(back.initial_keypoints, inputs.initial_keypoints)
    assert np.array_equal(back.waveform.samples, inputs.waveform.samples)
    assert (back.driving_poses is not None) == is_driven
    assert inputs.driving_poses is None or np.array_equal(back.driving_poses.keypoints, inputs.driving_poses.keypoints)
    assert np.array_equal(heard(back.sound), heard(inputs.sound))


@pytest.mark.parametrize(("name", "layout"), [("mono.wav", "mono"), ("stereo.flac", "stereo"), ("film.mp4", "")])
def test_the_sound_is_the_same_sample_by_sample(tmp_path: Path, name: str, layout: str) -> None:
    recording = tmp_path / name
    if layout:
        codec = "flac" if name.endswith("flac") else "pcm_s16le"
        encode_sound(recording, *speech(), codec=codec, layout=layout)
    else:
        encode_film(recording, sound=speech()[0], sound_start_s=0.3)

    write_sound(recording, tmp_path / "sound.wav", LIMITS)

    assert np.array_equal(heard(tmp_path / "sound.wav"), heard(recording))
