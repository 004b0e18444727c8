"""Where beats fall in an onset envelope, by dynamic programming.

Frame for frame what librosa's `beat_track` finds; that module compiles for two seconds wherever it is imported.
Source: D. Ellis, "Beat Tracking by Dynamic Programming", 2007.
"""

import numpy as np
from librosa.feature import tempo

from mmgt_core.keypoints import Float32Array

Float64Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Indices = np.ndarray[tuple[int], np.dtype[np.intp]]

_SHARPNESS = 32.0
"""Standard deviations of the smoothing window in a period."""
_FIRST_SHARE = 0.01
"""Of the largest local score: what the first beat must reach."""


def beat_frames(envelope: Float32Array, rate_hz: int, hop: int, start_bpm: float, tightness: float) -> Indices:
    """Frames of the beats, rising.

    Args:
        envelope: (F,) onset strength.
        rate_hz, hop: of the samples behind it.
        start_bpm: where the search for the tempo begins.
        tightness: how much a step off the tempo costs.
    """
    if not envelope.any():
        return np.empty(0, np.intp)
    beats_per_minute = tempo(onset_envelope=envelope, sr=rate_hz, hop_length=hop, start_bpm=start_bpm)[0]
    period = float(np.round(rate_hz / hop * 60.0 / beats_per_minute))  # frames
    spread = envelope.std(ddof=1, keepdims=True)
    scores = _local_scores((envelope / (spread + np.finfo(np.float32).tiny)).astype(np.float64), period)
    links, totals = _best_chains(scores, period, tightness)
    beats = _chain_to(_last_beat(totals), links)
    return _without_weak_ends(beats, scores)


def _local_scores(onsets: Float64Array, period: float) -> Float64Array:
    """Onsets smoothed within a beat, (F,); the library's sums leave the first frame out where the window reaches it."""
    offsets = np.arange(-period, period + 1)
    window = np.exp(-0.5 * (offsets * _SHARPNESS / period) ** 2)
    half, num_frames = len(window) // 2, len(onsets)
    scores = np.zeros(num_frames)
    for frame in range(num_frames):
        first, end = max(0, frame + half - num_frames + 1), min(frame + half, len(window))
        for place in range(first, end):
            scores[frame] += window[place] * onsets[frame + half - place]
    return scores


def _best_chains(scores: Float64Array, period: float, tightness: float) -> tuple[Indices, Float64Array]:
    """For each frame the beat before it (-1: none) and the best total of a chain that ends there, (F,) each."""
    steps = np.arange(int(np.round(period / 2)), int(2 * period) + 1)  # back to the beat before
    steps = steps[steps > 0]
    costs = tightness * (np.log(steps) - np.log(period)) ** 2
    links, totals = np.full(len(scores), -1, np.intp), scores.copy()
    has_begun = False
    for frame, score in enumerate(scores):
        earlier = frame - steps[steps <= frame]
        before = -1
        if len(earlier):
            chains = totals[earlier] - costs[: len(earlier)]
            best = int(chains.argmax())
            before, totals[frame] = int(earlier[best]), score + chains[best]
        has_begun = has_begun or score >= _FIRST_SHARE * scores.max()
        links[frame] = before if has_begun else -1
    return links, totals


def _last_beat(totals: Float64Array) -> int:
    """The last local maximum that is at least half as high as these usually are."""
    left, right = np.r_[-np.inf, totals[:-1]], np.r_[totals[1:], -np.inf]
    is_peak = (totals > left) & (totals >= right)
    is_peak[0] = False
    is_peak[-1] = totals[-1] > totals[-2] if len(totals) > 1 else False
    threshold = 0.5 * np.median(totals[is_peak]) if is_peak.any() else 0.0
    high = np.flatnonzero(is_peak & (totals >= threshold))
    return int(high[-1]) if len(high) else len(totals) - 1


def _chain_to(last: int, links: Indices) -> Indices:
    frames = []
    while last >= 0:
        frames.append(last)
        last = int(links[last])
    return np.array(frames[::-1], np.intp)


def _without_weak_ends(beats: Indices, scores: Float64Array) -> Indices:
    """Leave out what lies before or behind all that is at least half as loud as beats are."""
    window = np.hanning(5)
    smoothed = np.convolve(scores[beats], window)[2 : len(scores) + 2]
    loud = np.flatnonzero(scores > 0.5 * np.sqrt((smoothed**2).mean()))
    return beats[(beats >= loud[0]) & (beats <= loud[-1])] if len(loud) else beats[:0]
