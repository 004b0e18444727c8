"""Laws of presenters that look as photographs do: they follow the same keypoints, and what is on them moves along."""

from dataclasses import replace

import numpy as np
import pytest

from mmgt_core.keypoints import CANVAS_SIZE, LIPS, Float32Array
from mmgt_core.masks.regions import region_boxes
from mmgt_core.metrics.image import clip_psnr
from mmgt_core.synthetic.clip import SyntheticClip, photographed
from mmgt_core.synthetic.parts import Material
from mmgt_core.synthetic.photographic import PhotographicLook, draw_look, draw_photographed
from mmgt_core.synthetic.textures import textures
from mmgt_core.types import UInt8Array

SIDE = 256
PLAIN = PhotographicLook(
    seed=0,
    contrast=dict.fromkeys(Material, 0.0),
    relief=0,
    rim=0,
    shadow=0,
    room_blur=0,
    room_contrast=0,
    room_things=0,
    lens_blur=0,
    colour=1,
    gamma=1,
)
REACH_PX = 34
"""Of a canvas: as far as the lens' blur, a cast shadow and the relief of a part reach."""


def drawn(clip: SyntheticClip, look: PhotographicLook, poses: Float32Array) -> UInt8Array:
    return draw_photographed(clip.identity, look, poses, SIDE)


def test_the_same_seed_gives_the_same_pixels_and_another_one_others(clips: list[SyntheticClip]) -> None:
    first, again = photographed(clips[0]), photographed(clips[0])

    assert np.array_equal(first.render([0, 30], SIDE)[1], again.render([30], SIDE)[0])
    assert clip_psnr(first.render([0], SIDE), clips[0].render([0], SIDE)) < 30
    assert clip_psnr(first.render([0], SIDE), replace(first, look=draw_look(1)).render([0], SIDE)) < 30


def test_without_anything_photographic_it_is_the_drawing(clips: list[SyntheticClip]) -> None:
    for clip in clips[:4]:
        plain = replace(clip, look=PLAIN).render([0, 40], SIDE)

        assert np.abs(plain.astype(int) - clip.render([0, 40], SIDE)).max() <= 3  # bytes are rounded part by part


def test_nothing_far_from_the_lips_changes_when_only_they_move(clips: list[SyntheticClip]) -> None:
    clip, look = clips[0], draw_look(3)
    shut = clip.pose_sequence.keypoints[0]
    opened = shut.copy()
    opened[LIPS.start + 17 : LIPS.stop, 1] += 12
    lips = region_boxes(opened).lips
    changed = np.ptp(drawn(clip, look, np.stack([shut, opened])).astype(int), axis=0).any(axis=-1)
    rows, columns = np.nonzero(changed)
    reach = REACH_PX * SIDE / CANVAS_SIZE

    assert lips
    assert changed.any()
    assert columns.min() > lips.x0 * SIDE / CANVAS_SIZE - reach
    assert columns.max() < lips.x1 * SIDE / CANVAS_SIZE + reach
    assert rows.min() > lips.y0 * SIDE / CANVAS_SIZE - reach
    assert rows.max() < lips.y1 * SIDE / CANVAS_SIZE + reach


@pytest.mark.parametrize("material", [Material.SKIN, Material.HAIR, Material.CLOTH])
def test_what_is_on_a_part_moves_along_with_it(clips: list[SyntheticClip], material: Material) -> None:
    clip = clips[1]
    rough = replace(PLAIN, contrast={**PLAIN.contrast, material: 0.3})
    pose = clip.pose_sequence.keypoints[0]
    moved = pose.copy()
    moved[..., :2] += 16  # eight pixels of the picture
    (before, after), (plain_before, plain_after) = (
        drawn(clip, look, np.stack([pose, moved])).astype(int) for look in (rough, PLAIN)
    )
    relief, relief_after = (rough_one - plain for rough_one, plain in ((before, plain_before), (after, plain_after)))

    assert np.abs(relief).mean() > 0.5
    there = relief[: 200 - 8, : SIDE - 8], relief_after[8:200, 8:]
    assert np.abs(there[0] - there[1]).mean() < 0.05 * np.abs(there[0]).mean()


def test_textures_repeat_without_a_seam_and_are_even() -> None:
    for material, texture in textures(5).items():
        if material in (Material.EDGE, Material.GLASS):
            assert not texture.any()
            continue
        inside = np.abs(np.diff(texture, axis=0)).mean(), np.abs(np.diff(texture, axis=1)).mean()
        seams = np.abs(texture[0] - texture[-1]).mean(), np.abs(texture[:, 0] - texture[:, -1]).mean()

        assert np.array_equal(texture, textures(5)[material])
        assert abs(float(texture.mean())) < 0.02
        assert float(texture.std()) == pytest.approx(1, abs=0.05)
        assert max(seam / usual for seam, usual in zip(seams, inside, strict=True)) < 1.5
