"""A portrait taken apart, once: the person off the background, limbs off the trunk, and each limb off the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.filling import filled, spread
from mmgt_core.puppet.limbs import Limb, edge_px
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.silhouette import covered, trunk_shape
from mmgt_core.puppet.skeleton import COUNTERPARTS, PARTS, Bones, Bools, Part, Size, outside
from mmgt_core.puppet.trunk import Head, Trunk, shows_face
from mmgt_core.types import UInt8Array

_INNER = 0.82
"""Share of a limb's radius within which it surely is the person."""
_MAYBE, _RATHER, _MOSTLY, _SURELY = 0.05, 0.3, 0.5, 0.9
"""Shares of a pixel that are the person."""
_BESIDE_PERSON, _BESIDE_LIMB, _UNDER_LIMB = 2.0, 1.5, -0.25
"""In widths of an edge: how far from a person, or a limb, pixels still show something of it; and from where on a limb
hides the trunk. Not from its very edge on: there both are mixed, and the portrait's own pixel is nearest to truth."""
_FRINGE = 0.4
"""Of the way from the background's colour to the person's: a pixel that has gone as far shows some of the person."""
_LEAST_PIXELS = 4
_WIDEST, _ALMOST_ALL = 1.0, 90
"""How far beyond a limb, in its radii, pixels beside the trunk can be its sleeve; what percentage of these it takes."""


@dataclass(frozen=True)
class ShownLimb:
    """A part that the portrait shows. size: in pixels. beyond: (H, W), how far each pixel is outside of it."""

    part: Part
    size: float
    bones: Bones
    beyond: Float32Array


@dataclass(frozen=True)
class Person:
    """picture: (H, W, 4): RGB with the background taken out of its edges, and how much of a pixel is the person.
    plate: (H, W, 3): the portrait without the person. share: (H, W), that of each pixel, 0 to 1."""

    picture: UInt8Array
    plate: UInt8Array
    share: Float32Array


def shown_limbs(points: Float32Array, seen: Bools, size: Size) -> list[ShownLimb]:
    """From back to front, as thick as limbs usually are. Args: points: (134, 2) pixels. seen: (134,)."""
    shown = []
    for part in PARTS:
        if part.is_seen(seen):
            length = part.size(points)
            bones = part.bones(points, length)
            shown.append(ShownLimb(part, length, bones, outside(bones, size)))
    return shown


def fitted(limbs: Sequence[ShownLimb], person: Person, points: Float32Array, seen: Bools) -> list[ShownLimb]:
    """The same, with sleeves as wide as the person is beside the trunk. Args: points: (134, 2) pixels. seen: (134,)."""
    size = person.share.shape[0], person.share.shape[1]
    is_free = (person.share > _MOSTLY) & (trunk_shape(points, seen, size) < _MOSTLY)
    nearest = np.argmin([limb.beyond for limb in limbs], axis=0) if limbs else np.zeros(size)
    found = []
    for index, limb in enumerate(limbs):
        radius = float(limb.bones.radii.mean())
        own = limb.beyond[is_free & (nearest == index) & (limb.beyond < _WIDEST * radius)]
        wider = float(np.percentile(own, _ALMOST_ALL)) if own.size else 0.0
        if limb.part.hand is None and wider > 0:
            part = replace(limb.part, radii=limb.part.radii + np.float32(wider / limb.size))
            bones = part.bones(points, limb.size)
            limb = ShownLimb(part, limb.size, bones, outside(bones, size))
        found.append(limb)
    return found


def cut_out(portrait: UInt8Array, body: Float32Array, matte: PersonMatte) -> Person:
    """The person, and what is behind. Args: portrait: (H, W, 3) RGB. body: (H, W), what surely is the person."""
    share = matte(portrait, body)
    share = np.where(share < _MAYBE, np.float32(0), share)
    reach = 2 * round(_BESIDE_PERSON * edge_px(portrait.shape[0])) + 1
    is_near = cv2.dilate((share > 0).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    made_up = filled(portrait, is_near)
    way = _way_towards(portrait, made_up, spread(portrait, share > _SURELY))
    share = np.where(is_near & (share == 0) & (way > _FRINGE), way, share)
    plate = np.where((share > 0)[..., None], made_up, portrait)
    behind = (1 - share[..., None]) * plate
    pure = np.rint((portrait - behind) / np.maximum(share, _RATHER)[..., None]).clip(0, 255).astype(np.uint8)
    pure = np.where((share > _RATHER)[..., None], pure, spread(pure, share > _MOSTLY))
    return Person(_with_share(pure, share), plate, share)


def _way_towards(picture: UInt8Array, start: UInt8Array, end: UInt8Array) -> Float32Array:
    """How far each pixel is on the way from one colour to another, (H, W), 0 to 1. Args: (H, W, 3) each."""
    way, run = end.astype(np.float32) - start, picture.astype(np.float32) - start
    return np.clip((way * run).sum(axis=-1) / np.maximum(np.square(way).sum(axis=-1), 1), 0, 1)


def trunk_of(person: Person, points: Float32Array, seen: Bools, limbs: Sequence[ShownLimb]) -> Trunk:
    """Trunk and head; where limbs lay before them, the clothes go on."""
    size = person.share.shape[0], person.share.shape[1]
    beyond = np.min([limb.beyond for limb in limbs], axis=0) if limbs else np.full(size, np.inf)
    is_covered = beyond < _UNDER_LIMB * edge_px(size[0])
    pure = person.picture[..., :3]
    is_known = (person.share > _SURELY) & (beyond > _BESIDE_LIMB * edge_px(size[0]))
    colours = np.where(is_covered[..., None], filled(pure, ~is_known), pure)
    share = np.where(is_covered, trunk_shape(points, seen, size), person.share)
    return Trunk(_with_share(colours, share), points, seen, Head.of(points) if shows_face(points, seen) else None)


def limbs_of(person: Person, shown: Sequence[ShownLimb]) -> list[Limb]:
    """From back to front: as the portrait shows them, else as it shows the other side's."""
    by_place: dict[int, Limb] = {}
    for index, limb in enumerate(shown):
        colours = _colours(person, limb, shown[index + 1 :])
        if colours is not None:
            by_place[_place(limb.part)] = Limb(limb.part, limb.size, limb.bones, colours, is_mirrored=False)
    limbs = []
    for place, other in enumerate(COUNTERPARTS):
        if place in by_place:
            limbs.append(by_place[place])
        elif other in by_place:
            shown_one = by_place[other]
            part = replace(PARTS[place], radii=shown_one.part.radii)
            limbs.append(replace(shown_one, part=part, is_mirrored=True))
    return limbs


def _place(part: Part) -> int:
    """Where in `PARTS` the limb with the same joints is."""
    return next(place for place, usual in enumerate(PARTS) if usual.joints is part.joints)


def _colours(person: Person, limb: ShownLimb, before: Sequence[ShownLimb]) -> UInt8Array | None:
    """(H, W, 4): the limb's own pixels, and beyond them the nearest of these; None where nothing of it is seen."""
    edge = edge_px(len(person.share))
    is_hidden = np.zeros(person.share.shape, np.bool_)
    for other in before:
        is_hidden |= other.beyond < edge
    is_known = (limb.beyond < 0) & (person.share > _MOSTLY) & ~is_hidden
    if is_known.sum() < _LEAST_PIXELS:
        return None
    nearest = spread(person.picture, is_known)
    is_own = (limb.beyond < edge) & ~is_hidden
    colours = np.where((is_own & (person.share > _RATHER))[..., None], person.picture, nearest)[..., :3]
    if limb.part.hand is not None:  # fingers are too thin for the network that finds the person
        return _with_share(colours, np.ones_like(person.share))
    return np.dstack([colours, np.where(is_own, person.picture[..., 3], nearest[..., 3])])


def surely(points: Float32Array, seen: Bools, limbs: Sequence[ShownLimb], size: Size) -> Float32Array:
    """What surely is the person by the keypoints, (H, W), 0 to 1."""
    body = trunk_shape(points, seen, size)
    for limb in limbs:
        inner = limb.part.bones(points, limb.size, _INNER)
        body = np.maximum(body, covered(outside(inner, size), edge_px(size[0])))
    return body


def _with_share(colours: UInt8Array, share: Float32Array) -> UInt8Array:
    return np.dstack([colours, np.rint(share * 255).astype(np.uint8)])
