"""What a preview costs beside the video: `python -m tests.load.preview_cost [PAIRS]`.

Not a test: it measures, and prints a line of JSON for each size. 85 frames of a drawn presenter with its speech are
written by both writers in turns; seconds are the processor's, of all threads. `frames_behind` tells with which frame
behind its last a fragment was given, `given_s` by the clock how long after that frame's arrival.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from mmgt_core.media.preview_writer import PreviewWriter
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import FPS, SAMPLE_RATE_HZ, UInt8Array

SEED, NUM_FRAMES, SIZES = 900_001, 85, (128, 512)


def written(frames: UInt8Array, sound: Path) -> bytes:
    """The video, as `generate` writes it."""
    path = sound.with_name("video.mp4")
    side = frames.shape[1]
    with VideoWriter(path, side, side, sound, len(frames)) as writer:
        for frame in frames:
            writer.write(frame)
    return path.read_bytes()


def previewed(frames: UInt8Array, sound: Path) -> list[tuple[int, bytes, float]]:
    """The preview's fragments: number of frames written, bytes, seconds of the write that gave it."""
    given, side = [], frames.shape[1]
    writer = PreviewWriter(side, side, sound, len(frames))
    for number, frame in enumerate(frames, 1):
        began_s = time.monotonic()
        if fragment := writer.write(frame):
            given.append((number, fragment, time.monotonic() - began_s))
    writer.close()
    return given


def processor_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def measure(frames: UInt8Array, sound: Path, pairs: int) -> dict[str, object]:
    """Both by turns; figures are medians."""
    costs = [
        (processor_s(lambda: written(frames, sound)), processor_s(lambda: previewed(frames, sound)))
        for _ in range(pairs)
    ]
    video_s, preview_s = (statistics.median(pair[side] for pair in costs) for side in (0, 1))
    video, given = written(frames, sound), previewed(frames, sound)
    content = b"".join(fragment for _, fragment, _ in given)
    return {
        "size": frames.shape[1],
        "video_bytes": len(video),
        "preview_bytes": len(content),
        "preview_bytes_unpadded": len(content) - padding(content),
        "video_cpu_s": round(video_s, 3),
        "preview_cpu_s": round(preview_s, 3),
        "ratio": round(preview_s / video_s, 3),
        "frames_behind": [number - FPS * (index + 1) for index, (number, _, _) in enumerate(given[:-1])],
        "given_s": round(max(took_s for _, _, took_s in given), 4),
    }


def padding(content: bytes) -> int:
    """How many bytes mean nothing."""
    at = found = 0
    while at < len(content):
        num_bytes = int.from_bytes(content[at : at + 4], "big")
        found += num_bytes if content[at + 4 : at + 8] == b"free" else 0
        at += num_bytes
    return found


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    clip = synthetic_clip(SEED, seconds=NUM_FRAMES / FPS)
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav"
        soundfile.write(sound, clip.waveform.samples, SAMPLE_RATE_HZ)
        for size in SIZES:
            frames = np.ascontiguousarray(clip.render(range(NUM_FRAMES), size))
            sys.stdout.write(json.dumps(measure(frames, sound, pairs)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
