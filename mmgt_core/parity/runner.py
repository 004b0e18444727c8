"""Run every recorded case of a folder through the production code and say how far each is off."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from mmgt_core.errors import MMGTError
from mmgt_core.parity import audio, dwpose, masks, smga, unet, video
from mmgt_core.parity.case import EXACT, MODULE, CaseRunner, Comparison, GoldenCase, GoldenError, Tolerance, compare

_TABLE = Tolerance(1e-6)
_LAST_BITS = Tolerance(1e-5)
"""Of two tables alone, whose last bits are the recording CPU's square roots: exactly rounded ones are 3e-6 away in
betas near the end, where nearly no signal is left, and one float32 step in 1 / sqrt(abar), which grows to 20 291.
Decision 0013.
"""
_LOSS = Tolerance(1e-5, is_relative=True)
_EVERY_KEY = ("",)

RUNNERS: dict[str, CaseRunner] = {
    "smga_decoder": CaseRunner(smga.run_decoder, weight_prefixes=_EVERY_KEY),
    "smga_ddim": CaseRunner(
        smga.run_sampler, tolerances=(("table/sqrt_recip", _LAST_BITS), ("table/", _TABLE)), weight_prefixes=_EVERY_KEY
    ),
    "smga_ddim_noise": CaseRunner(smga.run_noise_tape, _TABLE),
    "smga_losses": CaseRunner(smga.run_losses, tolerances=(("out/", _LOSS),), weight_prefixes=_EVERY_KEY),
    "reference_unet": CaseRunner(unet.run_reference_unet, weight_prefixes=_EVERY_KEY),
    "reference_unet_probes": CaseRunner(unet.run_reference_probes),
    "denoising_unet": CaseRunner(unet.run_denoising_unet),
    "denoising_unet_weights_a": CaseRunner(unet.run_denoising_weights, weight_prefixes=_EVERY_KEY),
    "denoising_unet_weights_b": CaseRunner(unet.run_denoising_weights, weight_prefixes=_EVERY_KEY),
    "denoising_unet_probes_a": CaseRunner(unet.run_denoising_probes),
    "denoising_unet_probes_b": CaseRunner(unet.run_denoising_probes),
    "pose_guider": CaseRunner(unet.run_pose_guider, weight_prefixes=_EVERY_KEY),
    "audio_proj": CaseRunner(unet.run_audio_projection, weight_prefixes=_EVERY_KEY),
    "pipeline": CaseRunner(
        video.run_pipeline,
        tolerances=(("out/videos", Tolerance(1e-3)), ("out/", Tolerance(5e-4)), ("mid/", MODULE)),
        weight_prefixes=("pose_guider.", "vae.", "image_encoder."),
    ),
    "context_windows": CaseRunner(video.run_windows, EXACT),
    "ddim_tables": CaseRunner(video.run_ddim_tables, _TABLE, tolerances=(("betas", _LAST_BITS),)),
    "masks": CaseRunner(masks.run_masks, EXACT, tolerances=(("out/boxes", EXACT), ("out/", _TABLE))),
    "dwpose_glue": CaseRunner(
        dwpose.run_dwpose_glue,
        EXACT,
        tolerances=(("out/n_person", EXACT), ("out/", MODULE), ("mid/pose_input", MODULE)),
    ),
    "audio_baseline35": CaseRunner(audio.run_baseline, Tolerance(1e-5, is_relative=True)),
    "wavlm": CaseRunner(audio.run_wavlm, weight_prefixes=_EVERY_KEY),
    "wav2vec": CaseRunner(audio.run_wav2vec, weight_prefixes=_EVERY_KEY),
    "stage2_train_loss": CaseRunner(video.run_train_loss, _LOSS),
}
"""Every case that is known; the tolerances are the list of the golden README."""


@dataclass(frozen=True)
class CaseReport:
    """How one case came out. worst: the tensor nearest to or furthest past its tolerance. problem: why it failed."""

    name: str
    worst: Comparison | None
    problem: str | None

    @property
    def is_ok(self) -> bool:
        """Whether everything was reproduced."""
        return self.problem is None

    def line(self) -> str:
        """Name, largest error, tolerance, verdict; the culprit where there is one."""
        error = "-" if self.worst is None else f"{self.worst.error:.2e}"
        tolerance = "-" if self.worst is None else str(self.worst.tolerance)
        verdict = "ok" if self.is_ok else f"FAIL  {self.problem}"
        return f"{self.name:<26} {error:>9}  {tolerance:<16} {verdict}"


def case_names(folder: Path) -> list[str]:
    """Every case of a folder, by its files. Raises: GoldenError: there is none."""
    names = sorted({path.stem for suffix in ("json", "safetensors") for path in folder.glob(f"*.{suffix}")})
    if not names:
        raise GoldenError(f"no recorded case in {folder}")
    return names


def run_cases(folder: Path) -> Iterator[CaseReport]:
    """Run every case of a folder, one report each."""
    for name in case_names(folder):
        yield run_case(folder, name)


@torch.inference_mode()
def run_case(folder: Path, name: str) -> CaseReport:
    """Run one case; whatever is wrong with it stands in the report."""
    try:
        return _compared(folder, name)
    except MMGTError as error:
        return CaseReport(name, None, str(error))
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        # A corrupted configuration or input breaks the arithmetic in any of these ways; the case is the culprit.
        return CaseReport(name, None, f"{type(error).__name__}: {error}")


def _compared(folder: Path, name: str) -> CaseReport:
    if name not in RUNNERS:
        raise GoldenError("this case is not known")
    runner, case = RUNNERS[name], GoldenCase.read(folder, name)
    strange = [key for key in case.weights() if not key.startswith(runner.weight_prefixes or ("\0",))]
    if strange:
        raise GoldenError(f"unknown weight keys: {', '.join(strange)}")
    expected, comparisons = case.expected(), {}
    for key, actual in runner.run(case):
        if key in expected:
            comparisons[key] = compare(key, actual, expected[key], runner.tolerance(key))
    return _judge(name, expected.keys() - comparisons.keys(), comparisons)


def _judge(name: str, unmatched: set[str], comparisons: dict[str, Comparison]) -> CaseReport:
    ranked = sorted(comparisons.values(), key=_excess, reverse=True)
    failed = [f"{item.name} is off by {item.error:.2e}" for item in ranked if not item.is_ok]
    if unmatched:
        failed.append(f"recorded and not computed: {', '.join(sorted(unmatched))}")
    return CaseReport(name, ranked[0] if ranked else None, "; ".join(failed) or None)


def _excess(comparison: Comparison) -> float:
    """Error in units of the tolerance; exact tensors count by their error."""
    return comparison.error / (comparison.tolerance.limit or 1e-12)
