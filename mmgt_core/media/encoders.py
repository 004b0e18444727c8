"""What turns pictures into H.264: x264 everywhere, a GPU's own encoder where it really opens. Layers: ProRes."""

from io import BytesIO

import av
import numpy as np
from av.codec.codec import UnknownCodecError

from mmgt_core.media.film_streams import Encoder, add_video_stream, bt709_frame, timed

CAREFUL = Encoder("libx264", {"crf": "18", "preset": "medium"}, num_threads=4)
"""For the result."""
QUICK = Encoder("libx264", {"crf": "18", "preset": "veryfast"}, num_threads=4)
"""For drawings, and for what mostly stands still: as small as `CAREFUL` makes them, in half its time or less."""
HARDWARE = Encoder("h264_nvenc", {"preset": "p5", "tune": "hq", "rc": "vbr", "cq": "19", "b:v": "0"}, num_threads=1)
"""An NVIDIA GPU's own."""

LAYERED = Encoder("prores_ks", {"profile": "4444", "alpha_bits": "16"}, num_threads=4, pixels="yuva444p10le")
"""For what lets through what is behind: in a MOV, which takes a provenance mark as an MP4 does and a WebM does not.
With 8 bits opacity comes back up to two levels of 255 off."""


def result_encoder(device_type: str, width: int, height: int, *, is_mostly_still: bool = False) -> Encoder:
    """What encodes the result beside networks on a device: the GPU's own encoder only if it has encoded a picture.

    Every build of FFmpeg lists it; it opens only with a driver and a GPU that has one, and from a least size on. What
    mostly stands still (a photograph around its square) x264 makes smaller in a third of the time if it searches less.
    """
    if device_type == "cuda" and encodes(HARDWARE, width, height):
        return HARDWARE
    return QUICK if is_mostly_still else CAREFUL


def encodes(encoder: Encoder, width: int, height: int) -> bool:
    """Whether an encoder opens here at a size: one black picture is encoded into memory."""
    try:
        with av.open(BytesIO(), mode="w", format="mp4") as container:
            stream = add_video_stream(container, width, height, encoder)
            packets = stream.encode(timed(bt709_frame(np.zeros((height, width, 3), np.uint8)), 0)) + stream.encode(None)
            container.mux(packets)
    except (av.FFmpegError, UnknownCodecError, OSError):
        return False
    return sum(packet.size for packet in packets) > 0
