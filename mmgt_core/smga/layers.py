"""SMGA's parts: FiLM, the condition encoder's and the decoder's layers (paper §III-B, fig. 5)."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import SMGAConfig
from mmgt_core.smga.attention import Attention, KeysValues, RotaryTable, rotate


@dataclass(frozen=True)
class Modulation:
    """FiLM's scale, 1 included, and shift: each (B, 1, D)."""

    scale: torch.Tensor
    shift: torch.Tensor


class FiLM(nn.Module):
    """Feature-wise scale and shift from the time-and-audio embedding (equations 13 to 15)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)

    def modulation(self, embedding: torch.Tensor) -> Modulation:
        """From the embedding, (B, D)."""
        scale, shift = self.linear(F.mish(embedding)).unsqueeze(1).chunk(2, dim=-1)  # (B, 1, D) each
        return Modulation(scale + 1, shift)


def film(width: int, has_film: bool) -> FiLM | None:
    """FiLM; None in table V's ablation: time then reaches the layers through the memory's time tokens alone."""
    return FiLM(width) if has_film else None


def modulation(layer: FiLM | None, embedding: torch.Tensor) -> Modulation | None:
    """What a FiLM says at an embedding, (B, D)."""
    return None if layer is None else layer.modulation(embedding)


def _rows(of: Modulation | None, first: int, count: int) -> Modulation | None:
    return None if of is None else Modulation(of.scale[first : first + count], of.shift[first : first + count])


def modulated(hidden: torch.Tensor, by: Modulation | None) -> torch.Tensor:
    """Equation 15 on (B, N, D)."""
    return hidden if by is None else torch.addcmul(by.shift, hidden, by.scale)


class ConditionLayer(nn.Module):
    """One pre-norm encoder layer over the speech tokens."""

    def __init__(self, width: int, num_heads: int, feedforward_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self_attn = Attention(width, num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, feedforward_width)
        self.linear2 = nn.Linear(feedforward_width, width)

    def forward(self, hidden: torch.Tensor, table: RotaryTable) -> torch.Tensor:
        """Args: hidden: (B, N, D); the result has the same shape. table: of N positions."""
        normed = self.norm1(hidden)
        hidden = hidden + self.self_attn(rotate(normed, table), normed)
        return hidden + self.linear2(F.gelu(self.linear1(self.norm2(hidden))))


@dataclass(frozen=True)
class BranchCondition:
    """What a motion branch is told: modulations after its attentions, and the memory that it looks at."""

    film1: Modulation | None
    film2: Modulation | None
    memory: KeysValues

    def rows(self, first: int, count: int) -> "BranchCondition":
        """Some rows of the batch."""
        film1, film2 = (_rows(told, first, count) for told in (self.film1, self.film2))
        return BranchCondition(film1, film2, self.memory.rows(first, count))

    def after(self, speech: KeysValues) -> "BranchCondition":
        """The same with the speech's tokens before its own."""
        return BranchCondition(self.film1, self.film2, speech.followed_by(self.memory))


class MotionBranch(nn.Module):
    """One motion block of fig. 5, for the face or the body: self-attention and cross-attention, each through FiLM."""

    def __init__(self, width: int, num_heads: int, has_film: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self_attn = Attention(width, num_heads)
        self.film1 = film(width, has_film)
        self.norm2 = nn.LayerNorm(width)
        self.cross_attn = Attention(width, num_heads)
        self.film2 = film(width, has_film)

    def condition(self, embedding: torch.Tensor, rotated: torch.Tensor, plain: torch.Tensor) -> BranchCondition:
        """Args: embedding: (B, D). rotated, plain: time tokens, (B, 2, D)."""
        film1, film2 = (modulation(layer, embedding) for layer in (self.film1, self.film2))
        return BranchCondition(film1, film2, self.cross_attn.keys_values(rotated, plain))

    def forward(self, hidden: torch.Tensor, told: BranchCondition, table: RotaryTable) -> torch.Tensor:
        """Args: hidden: (B, F, D). told: with the memory of speech and time, F + 2 tokens. table: of F positions."""
        normed = self.norm1(hidden)
        attended = self.self_attn(rotate(normed, table), normed)  # equation 11
        hidden = hidden + modulated(attended, told.film1)
        attended = self.cross_attn.look_at(rotate(self.norm2(hidden), table), told.memory)  # equation 12
        return hidden + modulated(attended, told.film2)


@dataclass(frozen=True)
class LayerCondition:
    """What a decoder layer is told, for its branches and its end; body is None where it has one branch."""

    face: BranchCondition
    body: BranchCondition | None
    film_final: Modulation | None

    def rows(self, first: int, count: int) -> "LayerCondition":
        """Some rows of the batch."""
        body = self.body and self.body.rows(first, count)
        return LayerCondition(self.face.rows(first, count), body, _rows(self.film_final, first, count))

    def after(self, speech: tuple[KeysValues, ...]) -> "LayerCondition":
        """The same with the speech's tokens, of each branch, before its own."""
        body = self.body and self.body.after(speech[1])
        return LayerCondition(self.face.after(speech[0]), body, self.film_final)


class DecoderLayer(nn.Module):
    """Both motion branches and the merge: sum, feed-forward through FiLM."""

    def __init__(self, config: SMGAConfig) -> None:
        super().__init__()
        width = config.width
        self.face = MotionBranch(width, config.num_heads, config.has_film)
        self.body = MotionBranch(width, config.num_heads, config.has_film) if config.has_two_branches else None
        self.norm_final = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, config.feedforward_width)
        self.linear2 = nn.Linear(config.feedforward_width, width)
        self.film_final = film(width, config.has_film)

    @property
    def branches(self) -> tuple[MotionBranch, ...]:
        """Face, and body where there is one."""
        return (self.face,) if self.body is None else (self.face, self.body)

    def speech_memory(self, rotated: torch.Tensor, plain: torch.Tensor) -> tuple[KeysValues, ...]:
        """Keys and values of the speech tokens, (B, F, D), for each branch."""
        return tuple(branch.cross_attn.keys_values(rotated, plain) for branch in self.branches)

    def condition(self, embedding: torch.Tensor, rotated: torch.Tensor, plain: torch.Tensor) -> LayerCondition:
        """Args: embedding: (B, D). rotated, plain: time tokens, (B, 2, D)."""
        face, *body = (branch.condition(embedding, rotated, plain) for branch in self.branches)
        return LayerCondition(face, body[0] if body else None, modulation(self.film_final, embedding))

    def forward(self, face: torch.Tensor, body: torch.Tensor, told: LayerCondition, table: RotaryTable) -> torch.Tensor:
        """Merge the two streams, (B, F, D) each, into one; in the ablation `face` is the only one."""
        merged = self.face(face, told.face, table)
        if self.body is not None and told.body is not None:
            merged = merged + self.body(body, told.body, table)
        refined = self.linear2(F.gelu(self.linear1(self.norm_final(merged))))
        return merged + modulated(refined, told.film_final)
