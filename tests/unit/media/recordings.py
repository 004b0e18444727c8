"""Real recordings and films for the tests, made with the encoders that PyAV brings."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

SAMPLES = Path(__file__).parents[3] / "samples"
CHIRP_S = 0.02


def chirp_at(start_s: float, seconds: float, rate_hz: int) -> np.ndarray:
    """A quiet hum with one windowed chirp of 20 ms that begins at `start_s`: (samples,) float32."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    hum = 0.002 * np.sin(2 * np.pi * 200 * times)
    inside = (times >= start_s) & (times < start_s + CHIRP_S)
    return (hum + 0.6 * np.where(inside, chirp(times - start_s), 0)).astype(np.float32)


def chirp(times: np.ndarray) -> np.ndarray:
    window = np.sin(np.pi * times / CHIRP_S) ** 2
    return window * np.sin(2 * np.pi * (600 + 30_000 * times) * times)


def chirp_start_ms(samples: np.ndarray, rate_hz: int = 16_000) -> float:
    """Where in (samples,) the chirp begins, by matched filter."""
    pattern = chirp(np.arange(round(CHIRP_S * rate_hz)) / rate_hz)
    return 1000 * int(np.argmax(np.correlate(samples, pattern, "valid"))) / rate_hz


def speech(seconds: float = 1.0) -> tuple[np.ndarray, int]:
    """The first seconds of the sample speech after its opening silence."""
    samples, rate_hz = soundfile.read(SAMPLES / "speech.wav", dtype="float32")
    return samples[rate_hz // 2 :][: round(seconds * rate_hz)], rate_hz


def encode_sound(
    path: Path,
    samples: np.ndarray,
    rate_hz: int,
    *,
    codec: str = "pcm_s16le",
    container: str | None = None,
    layout: str = "mono",
) -> Path:
    """Encode mono samples (samples,) into each channel of `layout`."""
    with av.open(str(path), "w", format=container) as output:
        options = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = output.add_stream(codec, rate=rate_hz, layout=layout, options=options)
        interleaved = np.repeat(samples.astype(np.float32), stream.codec_context.layout.nb_channels)
        frame = av.AudioFrame.from_ndarray(interleaved[None], "flt", layout)
        frame.sample_rate, frame.time_base, frame.pts = rate_hz, Fraction(1, rate_hz), 0
        converter = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate_hz)
        for converted in [*converter.resample(frame), *converter.resample(None)]:
            output.mux(stream.encode(converted))
        output.mux(stream.encode(None))
    return path


def encode_film(
    path: Path,
    *,
    fps: int = 30,
    seconds: float = 1.0,
    codec: str = "libx264",
    container: str | None = None,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    sound_start_s: float = 0.0,
    size: tuple[int, int] = (128, 96),
    pixels: str = "yuv420p",
    muxer_options: dict[str, str] | None = None,
) -> Path:
    """Encode a film whose frame i is grey with level 4·i; `sound` is mono at 48 kHz."""
    width, height = size
    with av.open(str(path), "w", format=container, options=muxer_options or {}) as output:
        video = output.add_stream(codec, rate=fps, width=width, height=height)
        video.pix_fmt = pixels
        if codec == "libx265":  # its thread pool has been seen to hang on so small a film, in CI
            video.options = {"x265-params": "pools=none:frame-threads=1"}
        audio = output.add_stream(sound_codec, rate=48_000, layout="mono") if sound is not None else None
        for index in range(round(fps * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 4 * index % 252, np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            block = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
            block.sample_rate, block.time_base = 48_000, Fraction(1, 48_000)
            block.pts = round(sound_start_s * 48_000)
            output.mux(audio.encode(block))
            output.mux(audio.encode(None))
    return path
