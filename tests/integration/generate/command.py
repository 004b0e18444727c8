"""The real command line in this process, the smallest preset that it can run, and a look at what it wrote."""

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from fractions import Fraction
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from mmgt_core.cli import run
from mmgt_core.config import MMGT_DEMO
from tests.unit.media.recordings import SAMPLES, encode_sound, speech

IDENTITY = TemporaryDirectory()
"""One signer for all: making one costs more than signing."""
PORTRAIT = SAMPLES / "portrait.png"
TINY = replace(
    MMGT_DEMO,
    name="tiny",
    is_trained=False,
    resolution=64,
    smga=replace(MMGT_DEMO.smga, width=408, num_layers=1, feedforward_width=32, num_condition_layers=1),
)


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def message(self) -> str:
        """Standard error in one line, without the frames that are drawn around usage errors."""
        return " ".join(self.stderr.translate({ord(sign): " " for sign in "│╭╮╰╯─"}).split())


def mmgt(*arguments: object) -> Finished:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr:
        try:
            run([str(argument) for argument in arguments])
        except SystemExit as end:
            return Finished(int(end.code or 0), stdout.getvalue(), stderr.getvalue())
    raise AssertionError("a command must end with an exit status")


def generate(out: Path, *arguments: object, image: Path = PORTRAIT, preset: str = TINY.name) -> Finished:
    identity = Path(IDENTITY.name) / "identity"
    usual = ("--preset", preset, "--steps", 1, "--identity", identity)
    return mmgt("generate", "--image", image, "--out", out, *usual, *arguments)


def record(path: Path, seconds: float) -> Path:
    """Real speech of any length; longer than the sample, it begins anew."""
    samples, rate_hz = speech(11.0)
    return encode_sound(path, np.resize(samples, round(seconds * rate_hz)), rate_hz)


def film_of(images: list[np.ndarray], path: Path, sound: np.ndarray | None = None, key_frames_every: int = 250) -> Path:
    """A film at 25 per second; `sound` is mono at 48 kHz."""
    height, width = images[0].shape[:2]
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, width=width, height=height, options={"preset": "ultrafast"})
        video.pix_fmt, video.codec_context.gop_size = "yuv420p", key_frames_every
        audio = output.add_stream("aac", rate=48_000, layout="mono") if sound is not None else None
        for image in images:
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            block = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
            block.sample_rate, block.time_base, block.pts = 48_000, Fraction(1, 48_000), 0
            output.mux(audio.encode(block))
            output.mux(audio.encode(None))
    return path


def frames_of(path: Path) -> np.ndarray:
    """Every picture of a film: (F, H, W, 3) uint8."""
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(film.streams.video[0])])
