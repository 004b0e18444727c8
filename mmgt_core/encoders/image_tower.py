"""CLIP's image tower with its projection: the portrait becomes one token.

Keys and arithmetic are those of transformers' CLIPVisionModelWithProjection, bit for bit; that class's import costs a
worker's start seconds (docs/decisions).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import ImageEncoderConfig

IMAGE_SIZE = 224
"""Pixels along a side of what it looks at."""


@dataclass(frozen=True)
class Seen:
    """image_embeds: (B, D), projected."""

    image_embeds: torch.Tensor


def _quick_gelu(values: torch.Tensor) -> torch.Tensor:
    return values * torch.sigmoid(1.702 * values)


_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {"quick_gelu": _quick_gelu, "gelu": F.gelu}


class Embeddings(nn.Module):
    """Patches behind a token of their own, each with its place."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        patch, width = config.patch_size, config.hidden_size
        self.class_embedding = nn.Parameter(torch.randn(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((IMAGE_SIZE // patch) ** 2 + 1, width)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, 224, 224) to (B, N + 1, D)."""
        patches = self.patch_embedding(pixels.to(self.patch_embedding.weight.dtype))  # (B, D, n, n)
        tokens = patches.flatten(2).transpose(1, 2)  # (B, N, D)
        own = self.class_embedding.expand(len(tokens), 1, -1)
        return torch.cat([own, tokens], dim=1) + self.position_embedding.weight  # (B, N + 1, D)


class Attention(nn.Module):
    """Every token looks at every other."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, D) to the same."""
        query, key, value = (self._heads(project(tokens)) for project in (self.q_proj, self.k_proj, self.v_proj))
        seen = F.scaled_dot_product_attention(query, key, value)  # (B, H, N, D/H)
        return self.out_proj(seen.transpose(1, 2).reshape(tokens.shape))

    def _heads(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, H, N, D/H)


class Perceptron(nn.Module):
    """Wide and back."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        self.activation = _ACTIVATIONS[config.hidden_act]
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, D) to the same."""
        return self.fc2(self.activation(self.fc1(tokens)))


class Layer(nn.Module):
    """Attention and perceptron, each normalised before and added after."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size)
        self.mlp = Perceptron(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, D) to the same."""
        tokens = tokens + self.self_attn(self.layer_norm1(tokens))
        return tokens + self.mlp(self.layer_norm2(tokens))


class Layers(nn.Module):
    """One after the other."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """(B, N, D) to the same."""
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens


class Tower(nn.Module):
    """From pixels to the state of the token that stands for the whole."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.hidden_size)  # the weights spell it so
        self.encoder = Layers(config)
        self.post_layernorm = nn.LayerNorm(config.hidden_size)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, 224, 224) to (B, D)."""
        tokens = self.encoder(self.pre_layrnorm(self.embeddings(pixels)))  # (B, N + 1, D)
        return self.post_layernorm(tokens[:, 0])


class ImageEncoder(nn.Module):
    """The tower and its projection into the space of words."""

    def __init__(self, config: ImageEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_model = Tower(config)
        self.visual_projection = nn.Linear(config.hidden_size, config.projection_dim, bias=False)

    def forward(self, pixels: torch.Tensor) -> Seen:
        """Args: pixels: (B, 3, 224, 224), normalised as CLIP's."""
        return Seen(self.visual_projection(self.vision_model(pixels)))
