"""A stranger's recording as a plain WAV of our own making, so that what is written later decodes nothing foreign."""

from contextlib import closing
from pathlib import Path

import av
import numpy as np

from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.sound_blocks import SoundRules
from mmgt_core.media.sound_stream import stream_sound

SOUND_RATE_HZ = 48_000
SOUND_LAYOUTS = {1: "mono", 2: "stereo"}


def write_sound(recording: Path, path: Path, limits: MediaLimits) -> None:
    """Write a recording's sound at 48 kHz, one or two channels of float32, block by block.

    Raises:
        InputError: it cannot be decoded.
    """
    blocks = stream_sound(recording, SOUND_RATE_HZ, len(SOUND_LAYOUTS), limits, SoundRules())
    with closing(blocks), av.open(str(path), mode="w", format="wav") as output:
        stream = None
        for block in blocks:
            layout = SOUND_LAYOUTS[block.shape[1]]
            if stream is None:
                stream = output.add_stream("pcm_f32le", rate=SOUND_RATE_HZ, layout=layout)
            if len(block):
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block).reshape(1, -1), "flt", layout)
                frame.sample_rate = SOUND_RATE_HZ
                output.mux(stream.encode(frame))
        if stream is not None:
            output.mux(stream.encode(None))
