"""Stage 2's sampling of one stretch: a plan says what happens at each step, a sampler turns velocities into latents."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch

from mmgt_core.ahead import done_ahead
from mmgt_core.pipelines.windows import Window
from mmgt_core.quality import VideoSampling
from mmgt_core.unet.samplers import SamplerRun, sampling_steps

PredictVelocity = Callable[[torch.Tensor, torch.Tensor, Window, float], torch.Tensor]
"""From a window's latents (1, C, F, h, w), the timestep, the window and the guidance scale to its guided velocity."""


@dataclass(frozen=True)
class PlannedStep:
    """What one step does. windows: cover the stretch; the velocities of a frame in several of them are averaged."""

    timestep: int
    guidance_scale: float
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class DenoisingPlan:
    """Every step over a stretch, and the sampler's run that begins with its noise."""

    steps: tuple[PlannedStep, ...]
    begin: Callable[[torch.Tensor], SamplerRun]

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window of any step, once, in the order in which they are reached."""
        return tuple(dict.fromkeys(window for step in self.steps for window in step.windows))


@dataclass(frozen=True)
class DenoisingStep:
    """What one step did: guided prediction and latents after it, each (1, C, F, h, w) float32."""

    step: int
    predicted: torch.Tensor
    latents: torch.Tensor


@dataclass(frozen=True)
class BegunFrames:
    """The last frames of a stretch, with which the next one begins: what all windows before have said of them.

    noise: (1, C, V, h, w). summed: at each step, the sum of the velocities that these windows predicted, of the same
    shape. visits: at each step, how many these were, (1, 1, V, 1, 1).

    The next stretch samples them anew, averaged over its own windows too, as a loop over the whole video would do it.
    """

    noise: torch.Tensor
    summed: tuple[torch.Tensor, ...]
    visits: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class DenoisedStretch:
    """A stretch's clean latents, (1, C, F, h, w) float32, and what the next one must know of the last of them."""

    latents: torch.Tensor
    last: BegunFrames


def sampling_plan(windows_at: Callable[[int], tuple[Window, ...]], sampling: VideoSampling) -> DenoisingPlan:
    """What a quality mode does at each step. Args: windows_at: from a step to the windows that cover its stretch."""
    sampled = sampling_steps(sampling.sampler, sampling.num_inference_steps)
    steps = (
        PlannedStep(timestep, sampling.guidance_at(timestep), windows_at(step))
        for step, timestep in enumerate(sampled.timesteps)
    )
    return DenoisingPlan(tuple(steps), sampled.begin)


def exact_plan(windows: tuple[Window, ...], sampling: VideoSampling) -> DenoisingPlan:
    """The same windows at each step, as published (spec §11, §13)."""
    return sampling_plan(lambda _: windows, sampling)


@dataclass(frozen=True)
class _Covering:
    """Where the frames of each window lie in a stretch, and how often each frame is visited, (1, 1, F, 1, 1)."""

    places: tuple[slice | torch.Tensor, ...]
    visits: torch.Tensor

    @classmethod
    def of(cls, windows: tuple[Window, ...], num_frames: int, device: torch.device) -> "_Covering":
        visits = torch.zeros(num_frames)
        for window in windows:
            visits[list(window)] += 1
        return cls(tuple(_place(window, device) for window in windows), visits.view(1, 1, -1, 1, 1).to(device))


def _place(window: Window, device: torch.device) -> slice | torch.Tensor:
    """A slice, or indices where a window wraps to the beginning."""
    is_in_order = window == tuple(range(window[0], window[0] + len(window)))
    return slice(window[0], window[-1] + 1) if is_in_order else torch.tensor(window, device=device)


def denoise(
    noise: torch.Tensor,
    plan: DenoisingPlan,
    predict: PredictVelocity,
    *,
    begun: BegunFrames | None = None,
    num_carried: int = 0,
    num_at_once: int = 1,
    check: Callable[[], None] = lambda: None,
    on_step: Callable[[DenoisingStep], None] = lambda done: None,
) -> DenoisedStretch:
    """Denoise the frames of a stretch together, window by window at every step.

    Args:
        noise: (1, C, F, h, w) float32, of the frames that are not begun.
        plan: its steps.
        predict: the guided network.
        begun: the frames that it begins with.
        num_carried: frames at its end with which the next stretch will begin.
        num_at_once: windows of a step that are predicted at the same time, in threads; the sums stay in their order.
        check: called before each window; may raise to stop.
        on_step: called after each step; may raise to stop.

    Nothing is read back from the device. Guidance is linear, so averaging guided predictions equals guiding averages.
    """
    device, latents = noise.device, noise if begun is None else torch.cat([begun.noise, noise], dim=2)
    num_frames, begun_from = latents.shape[2], latents
    timesteps = torch.tensor([step.timestep for step in plan.steps]).to(device)
    coverings = {windows: _Covering.of(windows, num_frames, device) for windows in {s.windows for s in plan.steps}}
    run, carried = plan.begin(latents), slice(num_frames - num_carried, num_frames)
    carried_sums, carried_visits = [], []
    for index, step in enumerate(plan.steps):
        covering = coverings[step.windows]
        summed, visits = torch.zeros_like(latents), covering.visits.clone()
        if begun is not None:
            summed[:, :, : begun.noise.shape[2]] = begun.summed[index]
            visits[:, :, : begun.noise.shape[2]] += begun.visits[index]
        velocities = _predicted(predict, _windows_of(latents, timesteps[index], step, covering, check), num_at_once)
        for place, velocity in zip(covering.places, velocities, strict=True):
            summed[:, :, place] += velocity
        carried_sums.append(summed[:, :, carried].clone())
        carried_visits.append(visits[:, :, carried])
        velocity = summed / visits
        latents = run.step(velocity, latents)
        on_step(DenoisingStep(index, velocity, latents))
    return DenoisedStretch(latents, BegunFrames(begun_from[:, :, carried], tuple(carried_sums), tuple(carried_visits)))


@dataclass(frozen=True)
class _AskedWindow:
    """What the network is asked for one window; the fields are `PredictVelocity`'s."""

    latents: torch.Tensor
    timestep: torch.Tensor
    window: Window
    guidance_scale: float


def _windows_of(
    latents: torch.Tensor, timestep: torch.Tensor, step: PlannedStep, covering: _Covering, check: Callable[[], None]
) -> Iterator[_AskedWindow]:
    for window, place in zip(step.windows, covering.places, strict=True):
        check()
        yield _AskedWindow(latents[:, :, place], timestep, window, step.guidance_scale)


def _predicted(predict: PredictVelocity, windows: Iterator[_AskedWindow], num_at_once: int) -> Iterator[torch.Tensor]:
    """The velocities of some windows, in their order."""

    def velocity(asked: _AskedWindow) -> torch.Tensor:
        return predict(asked.latents, asked.timestep, asked.window, asked.guidance_scale)

    return map(velocity, windows) if num_at_once == 1 else done_ahead(velocity, windows, num_at_once, num_at_once)


class FrameNoise:
    """The noise that a video's frames begin with: one seed's stream, drawn frame after frame, however they are taken.

    It is drawn on the CPU, so that a seed means the same everywhere. Each frame is a draw of its own, because a draw of
    another shape gives other numbers.
    """

    def __init__(self, frame_shape: tuple[int, int, int], seed: int, is_shared: bool = False) -> None:
        """Args: frame_shape: (C, h, w). is_shared: every frame gets the first one's."""
        self._draw = partial(torch.randn, frame_shape, generator=torch.Generator().manual_seed(seed))
        self._shared = self._draw() if is_shared else None

    def take(self, num_frames: int) -> torch.Tensor:
        """Noise of the next frames: (1, C, F, h, w) float32."""
        frames = [self._draw() if self._shared is None else self._shared for _ in range(num_frames)]
        return torch.stack(frames, dim=1).unsqueeze(0)
