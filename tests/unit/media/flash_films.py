"""Films in which a flash and a click are made together, and what is done to films on their way to us."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import read_video_frames
from tests.unit.media.recordings import chirp_at, chirp_start_ms

FLASH_S = 1.2
SECONDS = 2.0
_FPS, _RATE_HZ = 25, 48_000
_OPTIONS = {
    "libx264": {"x264-params": "bframes=3:b-adapt=0:b-pyramid=normal"},  # shown two pictures after they are decoded
    "libx265": {"x265-params": "pools=none:frame-threads=1:log-level=error"},
}


def flash_film(
    path: Path,
    container: str = "mp4",
    *,
    codec: str = "libx264",
    sound_codec: str = "aac",
    start_s: int = 0,
    muxer_options: dict[str, str] | None = None,
) -> Path:
    """Two seconds of moving noise with B-frames and key frames every half a second; white and a chirp at 1.2 s."""
    noise = np.random.default_rng(0).integers(0, 60, (96, 128, 3)).astype(np.uint8)
    sound = chirp_at(FLASH_S, SECONDS, _RATE_HZ)
    with av.open(str(path), "w", format=container, options=muxer_options or {}) as output:
        video = output.add_stream(codec, rate=_FPS, width=128, height=96, options=_OPTIONS.get(codec, {}))
        video.pix_fmt, video.codec_context.gop_size = "yuvj420p" if codec == "mjpeg" else "yuv420p", 12
        audio = output.add_stream(sound_codec, rate=_RATE_HZ, layout="mono")
        converter = av.AudioResampler(format=audio.codec_context.format, layout="mono", rate=_RATE_HZ)
        for index in range(round(SECONDS * _FPS)):
            picture = np.roll(noise, 3 * index, axis=1) + np.uint8(190 if index >= FLASH_S * _FPS else 0)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = index + start_s * _FPS, Fraction(1, _FPS)
            output.mux(video.encode(frame))
            first = index * _RATE_HZ // _FPS
            block = av.AudioFrame.from_ndarray(sound[None, first : first + _RATE_HZ // _FPS], "flt", "mono")
            block.sample_rate, block.time_base = _RATE_HZ, Fraction(1, _RATE_HZ)
            block.pts = first + start_s * _RATE_HZ
            for converted in converter.resample(block):
                output.mux(audio.encode(converted))
        for converted in converter.resample(None):
            output.mux(audio.encode(converted))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    return path


def flash_and_click_ms(film: Path) -> tuple[float, float]:
    """When the flash is seen and the click is heard, of what the method gets."""
    is_white = [frame.mean() > 120 for frame in read_video_frames(film, MediaLimits())]
    samples = decode_audio(film, MediaLimits(), "driving_video").waveform.samples
    return 1000 * is_white.index(True) / _FPS, chirp_start_ms(samples)


def cut_by_packet_copy(source: Path, target: Path, container: str, from_s: float) -> Path:
    """The rest of a film from a moment in the middle of a group of pictures on, as a careless cutter writes it."""
    with av.open(str(source)) as whole, av.open(str(target), "w", format=container) as output:
        copies = {stream.index: output.add_stream_from_template(stream) for stream in whole.streams}
        for packet in whole.demux():
            if packet.dts is not None and packet.dts * packet.time_base >= from_s:
                packet.stream = copies[packet.stream.index]
                output.mux(packet)
    return target


def with_edit_list(film: Path, media_start_s: float, shown_s: float) -> Path:
    """Set an MP4's edit lists to show `shown_s` from `media_start_s` on; what lies outside stays in the file."""
    content = bytearray(film.read_bytes())
    at = content.find(b"elst")
    while at >= 0:
        (media_time,) = struct.unpack_from(">i", content, at + 16)
        scale = _media_timescale(content, at)
        struct.pack_into(">Ii", content, at + 12, round(shown_s * 1000), media_time + round(media_start_s * scale))
        at = content.find(b"elst", at + 4)
    film.write_bytes(content)
    return film


def _media_timescale(content: bytearray, after: int) -> int:
    return int(struct.unpack_from(">I", content, content.index(b"mdhd", after) + 16)[0])


def stamped_film(path: Path, stamps_ms: list[int], container: str = "webm") -> Path:
    """A film whose pictures are stamped as told, without any rate or duration, as browsers record; grey level 2·i."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream("libvpx", rate=1000, width=64, height=64, options={"deadline": "realtime"})
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, stamp_ms in enumerate(stamps_ms):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 2 * index % 252, np.uint8), "rgb24")
            frame.pts, frame.time_base = stamp_ms, Fraction(1, 1000)
            for packet in stream.encode(frame):
                packet.duration = 0
                output.mux(packet)
        output.mux(stream.encode(None))
    content = bytearray(path.read_bytes())
    at = content.index(b"\x23\xe3\x83")  # the default duration becomes void, two bytes longer and with a shorter name
    content[at : at + 4] = bytes([0xEC, content[at + 3] + 2, 0, 0])
    path.write_bytes(content)
    return path
