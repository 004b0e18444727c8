"""How well a person is cut out: `python -m tests.load.backdrop_evidence [PHOTO...] [--sheet PNG]`.

Not a test: it measures, and prints lines of JSON. Of 16 drawn presenters (seeds 900 000 to 900 015, two seconds each,
every second frame, drawn at 128 pixels), whose truth is drawn too: the share of the pixels that are mostly the person
whose opacity is above a half, and of the others that is below, after the layer was written as ProRes and decoded again;
`worst` the least of a presenter; `error`, the mean difference from the truth; `restless`, the mean change of opacity
from frame to frame, in levels of 255, where the truth does not change; `alone`, the shares by the network alone; `ms`,
the processor time of a frame. Of each photograph, which speaks a sample recording by the small preset with
`--backdrop transparent`: how restless its layer is where its pixels keep within two levels. `--sheet` draws frames of
the layers before green, and their opacity.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np

from mmgt_core.backdrop.cutting_out import cutting_out_of_squares
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.encoders import LAYERED
from mmgt_core.media.film_streams import layer_frame
from mmgt_core.media.image_writing import write_image
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.types import RenderedFrame, UInt8Array
from tests.unit.backdrop.presenters import SIDE, Presenter, presenter, shares_found

SEEDS = range(900_000, 900_016)
SPEECH = Path("samples/presenters/man.wav")
GREEN, SHOWN, SHOWN_SIDE = (48, 192, 96), 6, 192


def main(photos: list[Path], sheet: Path | None) -> None:
    cv2.setNumThreads(1)
    tell({"presenters": of_presenters()})
    rows = []
    for photo in photos:
        with TemporaryDirectory() as folder:
            layers = rendered(photo, Path(folder) / "video.mp4")
        opacity = layers[..., 3].astype(int)
        is_still = np.abs(np.diff(layers[..., :3].astype(int), axis=0)).max(axis=-1) <= 2
        restless = np.abs(np.diff(opacity, axis=0))[is_still].mean()
        tell({"photo": photo.name, "restless": round(float(restless), 3), "person": round((opacity > 127).mean(), 3)})
        rows += drawn(layers[np.linspace(0, len(layers) - 1, SHOWN).astype(int)])
    if sheet is not None:
        write_image(sheet, np.concatenate(rows))


def of_presenters() -> dict[str, object]:
    """The shares, in per cent; each a mean over presenters, and the least."""
    found, alone, errors, restless, ms = [], [], [], [], []
    for seed in SEEDS:
        one = presenter(seed, every=2)
        began_s = time.process_time()
        cut = cutting_out_of_squares(one.portrait, one.keypoints[0], SIDE)
        layers = [cut(RenderedFrame(*each)).layer for each in zip(one.frames, one.keypoints, strict=True)]
        ms.append(1000 * (time.process_time() - began_s) / len(layers))
        opacity = decoded_again(layers)[..., 3]
        share = opacity.astype(np.float32) / 255
        found.append(shares_found(share, one.truth))
        alone.append(shares_found(by_network(one), one.truth))
        errors.append(float(np.abs(share - one.truth).mean()))
        is_still = np.ptp(one.truth, axis=0) == 0
        restless.append(float(np.abs(np.diff(opacity.astype(int), axis=0))[:, is_still].mean()))
    return {
        "mean": per_cent(np.mean(found, axis=0)),
        "worst": per_cent(np.min(found, axis=0)),
        "alone": {"mean": per_cent(np.mean(alone, axis=0)), "worst": per_cent(np.min(alone, axis=0))},
        "error": round(float(np.mean(errors)), 4),
        "restless": round(float(np.mean(restless)), 3),
        "ms": round(float(np.mean(ms)), 1),
    }


def per_cent(shares: Float32Array) -> dict[str, float]:
    return {name: round(100 * float(share), 2) for name, share in zip(("person", "background"), shares, strict=True)}


def by_network(one: Presenter) -> Float32Array:
    """What the network alone says, (F, SIDE, SIDE)."""
    network, nothing = PersonMatte(), np.zeros((SIDE, SIDE), np.float32)
    return np.stack([network(frame, nothing) for frame in one.frames])


def decoded_again(layers: list[UInt8Array]) -> UInt8Array:
    """Written as a video's layer is, and read: (F, H, W, 4)."""
    height, width = layers[0].shape[:2]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "layer.mov"
        with VideoWriter(path, width, height, None, len(layers), LAYERED) as writer:
            for layer in layers:
                writer.append(layer_frame(layer, LAYERED.pixels))
        return read(path)


def read(path: Path) -> UInt8Array:
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgba") for frame in film.decode(video=0)])


def rendered(photo: Path, video: Path) -> UInt8Array:
    """The layers of the photograph speaking, (F, H, W, 4)."""
    command = ["generate", "--image", photo, "--audio", SPEECH, "--out", video, "--backdrop", "transparent"]
    arguments = [sys.executable, "-c", "from deploy.cli import main; main()", *map(str, command), "--preset=mmgt-demo"]
    subprocess.run(arguments, check=True, capture_output=True)
    return read(video.with_suffix(".transparent.mov"))


def drawn(layers: UInt8Array) -> list[UInt8Array]:
    """Two rows: before green, and the opacity."""
    share = layers[..., 3:].astype(np.float32) / 255
    before = (layers[..., :3] * share + np.array(GREEN) * (1 - share)).astype(np.uint8)
    opacity = np.repeat(layers[..., 3:], 3, axis=-1)
    return [np.concatenate([scaled(each, SHOWN_SIDE) for each in row], axis=1) for row in (before, opacity)]


def tell(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--sheet", type=Path)
    chosen = parser.parse_args()
    main(chosen.photos, chosen.sheet)
