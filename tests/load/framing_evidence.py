"""How a photograph holds around its square: `python -m tests.load.framing_evidence PHOTO... [--framing photo]`.

Not a test: it measures. For each photograph, which speaks a sample recording by the small preset, a line of JSON:
`outside_db`, PSNR of the decoded film's planes outside the square against the photograph's own 4:2:0 planes, the worst
frame's; `seam`, the mean gradient across the square's edges by that of the three lines on each side, mean over frames;
`own_seam`, the same of the photograph itself, which may have an edge there: the blocks of a JPEG's own grid are one;
`cpu_share`, the whole run's processor time by that of the same run with the square alone.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

import av
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.film_streams import bt709_frame
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pose.framing import SquareFrame, head_box
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.planes import planes_of
from mmgt_core.whole_picture.surroundings import Surroundings, surroundings_of

SPEECH = Path("samples/presenters/man.wav")
BESIDE = (-4, -3, -2, 0, 1, 2)


def main(photos: list[Path], framing: Framing) -> None:
    for photo in photos:
        with TemporaryDirectory() as folder:
            video = Path(folder) / "video.mp4"
            framed_s = rendered(photo, framing, video)
            told = measured(photo, framing, video)
            square_s = rendered(photo, Framing.SQUARE, Path(folder) / "square.mp4")
        sys.stdout.write(json.dumps({"photo": photo.name, **told, "cpu_share": round(framed_s / square_s, 3)}) + "\n")
        sys.stdout.flush()


def rendered(photo: Path, framing: Framing, video: Path) -> float:
    """Make the video with what `measured` needs; its processor time, s."""
    command = ["generate", "--image", photo, "--audio", SPEECH, "--out", video, "--framing", framing.value]
    options = ["--preset", "mmgt-demo", "--save", "manifest,keypoints"]
    before = getrusage(RUSAGE_CHILDREN)
    arguments = [sys.executable, "-c", "from deploy.cli import main; main()", *map(str, [*command, *options])]
    subprocess.run(arguments, check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(photo: Path, framing: Framing, video: Path) -> dict[str, object]:
    """What the film shows outside of its square, and at its edge."""
    manifest = json.loads(video.with_suffix(".manifest.json").read_text())
    x, y, side, _ = map(int, manifest["crop"].split(","))
    square, limits = SquareFrame(x, y, side), MediaLimits()
    head = head_box(np.load(video.with_suffix(".keypoints.npy"))[0], square)
    around = surroundings_of(decode_image(photo, limits).pixels, square, head, framing, limits.max_framed_side_px)
    own, box = planes_of(bt709_frame(around.picture)), box_of(around)
    masks = [outside(plane.shape, [value // step for value in box]) for plane, step in zip(own, (1, 2, 2), strict=True)]
    worst, seams = np.inf, []
    with av.open(str(video)) as film:
        for frame in film.decode(video=0):
            seen = planes_of(frame)
            off = [(one.astype(float) - true)[mask] for one, true, mask in zip(seen, own, masks, strict=True)]
            errors = np.concatenate(off)
            worst = min(worst, 10 * np.log10(255**2 / max(np.square(errors).mean(), 1e-9))) if errors.size else worst
            seams += steepness(seen[0].astype(np.float32), box)
    size = "x".join(map(str, around.size))
    seam, own_seam = (round(float(np.mean(found)), 3) for found in (seams, steepness(own[0].astype(np.float32), box)))
    return {"size": size, "outside_db": round(float(worst), 1), "seam": seam, "own_seam": own_seam}


def box_of(around: Surroundings) -> list[int]:
    """x0, y0, x1, y1 of the square in the film, rounded outwards to even numbers."""
    place, (width, height) = around.place, around.size
    ends = (min(width, place.x + place.width), min(height, place.y + place.height))
    starts = [2 * int(max(0.0, start) / 2) for start in (place.x, place.y)]
    return [*starts, *(2 * int(np.ceil(end / 2)) for end in ends)]


def outside(shape: tuple[int, ...], box: list[int]) -> npt.NDArray[np.bool_]:
    """Which pixels of a plane lie in no part of the box."""
    x0, y0, x1, y1 = box
    mask = np.ones(shape, bool)
    mask[y0:y1, x0:x1] = False
    return mask


def steepness(luma: Float32Array, box: list[int]) -> list[float]:
    """Of each edge of the box inside the picture, by the lines beside it."""
    x0, y0, x1, y1 = box
    across, down = (np.abs(np.diff(luma, axis=axis)).mean(axis=1 - axis) for axis in (1, 0))
    edges = [(steps, edge) for steps, ends in ((across, (x0, x1)), (down, (y0, y1))) for edge in ends]
    inside = [(steps, edge) for steps, edge in edges if 4 < edge < len(steps) - 3]
    return [float(steps[edge - 1] / max(np.mean([steps[edge + by] for by in BESIDE]), 1e-6)) for steps, edge in inside]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--framing", type=Framing, default=Framing.PHOTO)
    chosen = parser.parse_args()
    main(chosen.photos, chosen.framing)
