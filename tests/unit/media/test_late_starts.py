"""Recordings whose clock does not begin at 0: a call that is recorded from its second hour on."""

from fractions import Fraction

import av
import numpy as np
import pytest

from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from tests.unit.media.recordings import chirp_at, chirp_start_ms

LATE_S = 3600
KINDS = [
    ("webm", "libopus", 7),
    ("ogg", "libopus", 7),
    ("ogg", "vorbis", 1),
    ("ogg", "flac", 1),
    ("matroska", "flac", 1),
]


@pytest.mark.parametrize(("container", "codec", "error_ms"), KINDS)
def test_a_recording_that_begins_an_hour_into_its_clock_is_as_long_as_its_sound(tmp_path, container, codec, error_ms):
    path = _late_sound(tmp_path / "late", container, codec, chirp_at(0.5, 2.0, 48_000))

    samples = decode_audio(path, MediaLimits()).waveform.samples

    assert len(samples) == pytest.approx(32_000, abs=16 * error_ms)
    assert chirp_start_ms(samples) == pytest.approx(500, abs=error_ms)


def _late_sound(path, container, codec, samples):
    with av.open(str(path), "w", format=container, options={"avoid_negative_ts": "disabled"}) as output:
        options = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = output.add_stream(codec, rate=48_000, layout="stereo", options=options)
        frame = av.AudioFrame.from_ndarray(np.repeat(samples, 2)[None], "flt", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), LATE_S * 48_000
        converter = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=48_000)
        for converted in [*converter.resample(frame), *converter.resample(None)]:
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return path
