"""How exactly captions are timed: `python -m tests.load.captions_evidence [--clips 50] [--minutes 10]`.

Not a test: it measures, on speech of eSpeak NG, which tells when its words begin. A line of JSON for short clips and
one for a long recording: `median_ms`, `p90_ms`, `worst_ms` of the words' beginnings against the truth, `within_20_ms`
the share of words, `lost` words that are in no cue, `unaligned` ones that only lie between their neighbours,
`of_real_time` the alignment's time by the recording's.
"""

import argparse
import json
import sys
import time

import numpy as np

from mmgt_core.captions.timing import CaptionsBeside, CaptionSource
from mmgt_core.types import SAMPLE_RATE_HZ, Waveform
from tests.spoken_words import SpokenText, english_clips, joined


def main(num_clips: int, minutes: float) -> None:
    clips = english_clips(num_clips)
    tell("clips", clips)
    seconds = sum(len(clip.samples) for clip in clips) / SAMPLE_RATE_HZ
    times = max(1, round(60 * minutes / seconds))
    tell("long recording", [joined(clips * times, pauses_s=0.3)])


def tell(what: str, clips: list[SpokenText]) -> None:
    errors: list[float] = []
    lost = unaligned = num_words = 0
    took_s = 0.0
    for clip in clips:
        began_s = time.monotonic()
        with CaptionsBeside(CaptionSource(clip.text), Waveform(clip.samples)) as beside:
            made = beside.made()
        took_s += time.monotonic() - began_s
        starts = [said.start_s for said in made.words]
        truth = known_starts(clip)
        errors += [abs(start - true) for start, true in zip(starts, truth, strict=True) if true is not None]
        shown = " ".join(cue.text.replace("\n", " ") for cue in made.captions.cues).split()
        lost += len(clip.text.split()) - len(shown) if shown != clip.text.split() else 0
        unaligned += len(made.words) - made.num_aligned
        num_words += len(made.words)
    seconds = sum(len(clip.samples) for clip in clips) / SAMPLE_RATE_HZ
    ms = np.array(errors) * 1000
    figures = {
        "of": what, "clips": len(clips), "seconds": round(seconds, 1), "words": num_words, "timed": len(ms),
        "median_ms": round(float(np.median(ms)), 1), "p90_ms": round(float(np.percentile(ms, 90)), 1),
        "worst_ms": round(float(ms.max())), "within_20_ms": round(float((ms <= 20).mean()), 3), "lost": lost,
        "unaligned": unaligned, "of_real_time": round(took_s / seconds, 3),
    }  # fmt: skip
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def known_starts(clip: SpokenText) -> list[float | None]:
    """Of the words as captions have them: a mark that stands alone is the word's before it."""
    tokens = clip.text.split()
    pairs = zip(tokens, clip.starts_s, strict=True)
    return [start for token, start in pairs if any(map(str.isalnum, token)) or token == "&"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    chosen = parser.parse_args()
    main(chosen.clips, chosen.minutes)
