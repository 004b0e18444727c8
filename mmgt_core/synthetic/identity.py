"""Who a presenter is: build, face, hair, clothes, background and light, all drawn from one generator."""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

Colour = tuple[int, int, int]
"""RGB, 0 to 255."""


class HairStyle(StrEnum):
    """How the hair is worn."""

    SHORT = "short"
    BUZZ = "buzz"
    SIDE_PARTED = "side_parted"
    BOB = "bob"
    LONG = "long"
    BUN = "bun"
    CURLY = "curly"


class Pattern(StrEnum):
    """What is on the clothes."""

    PLAIN = "plain"
    HORIZONTAL_STRIPES = "horizontal_stripes"
    VERTICAL_STRIPES = "vertical_stripes"
    YOKE = "yoke"


class Collar(StrEnum):
    """How the clothes end at the neck."""

    ROUND = "round"
    V = "v"
    SHIRT = "shirt"
    HIGH = "high"


class Glasses(StrEnum):
    """Worn before the eyes, if any."""

    NONE = "none"
    ROUND = "round"
    SQUARE = "square"


class Beard(StrEnum):
    """Grown around the mouth, if any."""

    NONE = "none"
    STUBBLE = "stubble"
    FULL = "full"
    MOUSTACHE = "moustache"


class Scene(StrEnum):
    """What is behind."""

    FLAT = "flat"
    GRADIENT = "gradient"
    WINDOW = "window"
    CIRCLES = "circles"
    BOARD = "board"


@dataclass(frozen=True)
class Build:
    """Proportions, as shares of the usual ones; but in pixels of the 512 canvas: shoulder_width (from the neck),
    brow_tilt, smile, hand_length and neck_width (half)."""

    shoulder_width: float
    head_width: float
    head_height: float
    jaw_width: float
    eye_size: float
    eye_distance: float
    brow_height: float
    brow_tilt: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    smile: float
    hand_length: float
    neck_width: float


@dataclass(frozen=True)
class Light:
    """side: -1 from image left to 1 from image right. strength: share of darkness on the far side. warmth: -1 to 1."""

    side: float
    strength: float
    warmth: float


@dataclass(frozen=True)
class PresenterIdentity:
    """One drawn person in one place; everything about the picture that does not move."""

    build: Build
    skin: Colour
    lips: Colour
    hair: Colour
    iris: Colour
    hair_style: HairStyle
    glasses: Glasses
    beard: Beard
    clothes: Colour
    second_clothes: Colour
    pattern: Pattern
    collar: Collar
    has_long_sleeves: bool
    scene: Scene
    background: Colour
    second_background: Colour
    scene_shift: float
    light: Light


_SKINS: tuple[Colour, ...] = (
    (250, 220, 198), (241, 201, 170), (229, 182, 145), (214, 160, 120), (190, 132, 92), (160, 106, 72), (126, 80, 54),
    (98, 62, 44),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (32, 26, 24), (58, 40, 30), (92, 60, 38), (136, 92, 52), (186, 142, 82), (222, 190, 128), (150, 66, 36),
    (170, 168, 166), (226, 224, 220), (40, 44, 62),
)  # fmt: skip
_IRISES: tuple[Colour, ...] = ((70, 48, 32), (96, 70, 42), (58, 96, 74), (64, 104, 146), (92, 104, 112))


def draw_identity(rng: np.random.Generator) -> PresenterIdentity:
    """Draw a person from the generator."""
    skin = _between(_SKINS, rng)
    clothes = _vivid(rng)
    background = _vivid(rng, saturation=(0.05, 0.5), value=(0.45, 0.95))
    is_bearded = rng.random() < 0.3
    return PresenterIdentity(
        build=_draw_build(rng),
        skin=skin,
        lips=_lip_colour(skin, rng),
        hair=_jittered(_HAIRS[rng.integers(len(_HAIRS))], rng, 10),
        iris=_IRISES[rng.integers(len(_IRISES))],
        hair_style=HairStyle(rng.choice(list(HairStyle))),
        glasses=Glasses(rng.choice([*[Glasses.NONE] * 3, Glasses.ROUND, Glasses.SQUARE])),
        beard=Beard(rng.choice(list(Beard)[1:])) if is_bearded else Beard.NONE,
        clothes=clothes,
        second_clothes=_contrasting(clothes, rng),
        pattern=Pattern(rng.choice([*[Pattern.PLAIN] * 3, *Pattern])),
        collar=Collar(rng.choice(list(Collar))),
        has_long_sleeves=bool(rng.random() < 0.7),
        scene=Scene(rng.choice(list(Scene))),
        background=background,
        second_background=_jittered(background, rng, 45),
        scene_shift=float(rng.random()),
        light=Light(float(rng.uniform(-1, 1)), float(rng.uniform(0.05, 0.28)), float(rng.uniform(-1, 1))),
    )


def usual_build() -> Build:
    """In the middle of all that are drawn."""
    return _build(lambda usual, spread: usual)


def _draw_build(rng: np.random.Generator) -> Build:
    return _build(lambda usual, spread: float(usual + spread * rng.uniform(-1, 1)))


def _build(about: Callable[[float, float], float]) -> Build:
    """Args: about: a value near a usual one, at most a spread from it."""
    return Build(
        shoulder_width=about(102, 10),
        head_width=about(1, 0.07),
        head_height=about(1, 0.04),
        jaw_width=about(0.97, 0.13),
        eye_size=about(1, 0.14),
        eye_distance=about(1, 0.07),
        brow_height=about(1, 0.18),
        brow_tilt=about(0, 3),
        nose_width=about(1, 0.18),
        nose_length=about(1, 0.1),
        mouth_width=about(1.07, 0.05),
        lip_fullness=about(1, 0.25),
        smile=about(2, 2),
        hand_length=about(73, 5),
        neck_width=about(36, 5),
    )


def shade(colour: Colour, factor: float) -> Colour:
    """The colour darker (factor below 1) or lighter, within its range."""
    red, green, blue = (int(min(255, max(0, channel * factor))) for channel in colour)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour at that share of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _between(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    place = rng.uniform(0, len(colours) - 1.001)
    return mix(colours[int(place)], colours[int(place) + 1], place % 1)


def _lip_colour(skin: Colour, rng: np.random.Generator) -> Colour:
    redder = mix(skin, (170, 40, 56), float(rng.uniform(0.4, 0.75)))
    return shade(redder, 0.92)


def _jittered(colour: Colour, rng: np.random.Generator, amount: int) -> Colour:
    red, green, blue = (int(np.clip(c + rng.integers(-amount, amount + 1), 0, 255)) for c in colour)
    return red, green, blue


def _vivid(
    rng: np.random.Generator,
    saturation: tuple[float, float] = (0.1, 0.85),
    value: tuple[float, float] = (0.2, 0.95),
) -> Colour:
    hsv = rng.random(), rng.uniform(*saturation), rng.uniform(*value)
    red, green, blue = (int(255 * channel) for channel in colorsys.hsv_to_rgb(*hsv))
    return red, green, blue


def _contrasting(colour: Colour, rng: np.random.Generator) -> Colour:
    """Light on dark or dark on light."""
    return mix(colour, (250, 248, 244) if sum(colour) < 380 else (28, 30, 40), float(rng.uniform(0.55, 0.85)))
