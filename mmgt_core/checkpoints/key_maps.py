"""Published names and ours: tables only, read by `published_names.py`. Upstream's words live here and nowhere else.

A rename is (pattern in our key, published replacement), applied in order to our dotted name.
"""

from dataclasses import dataclass

Renames = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class KeyMap:
    """How one network's published keys relate to our module's.

    renames: our name to the published one. unused: (pattern of a published key, key beside it of the same shape that
    stands in the file and that nothing reads). copies: (pattern of a published key, key beside it, the key whose
    value that one repeats).
    """

    renames: Renames
    unused: Renames = ()
    copies: tuple[tuple[str, str, str], ...] = ()


_UNET_RENAMES: Renames = (
    (r"\.block\.background\.attention\.", r".block.attn2_0."),
    (r"\.block\.face_hands\.attention\.", r".block.attn2_1."),
    (r"\.block\.lips\.attention\.", r".block.attn2_2."),
    (r"\.block\.background\.adapter\.", r".block.zero_conv_full."),
    (r"\.block\.face_hands\.adapter\.", r".block.zero_conv_face."),
    (r"\.block\.lips\.adapter\.", r".block.zero_conv_lip."),
    (r"mid_block\.resnet_in\.", r"mid_block.resnets.0."),
    (r"mid_block\.resnet_out\.", r"mid_block.resnets.1."),
    (r"mid_block\.attention\.", r"mid_block.attentions.0."),
    (r"mid_block\.audio_module\.", r"mid_block.audio_modules.0."),
    (r"mid_block\.motion_module\.", r"mid_block.motion_modules.0."),
    (r"(motion_modules\.\d+)\.(.+)", r"\1.temporal_transformer.\2"),
    (r"(temporal_transformer\.block)\.attn1\.attention\.", r"\1.attention_blocks.0."),
    (r"(temporal_transformer\.block)\.attn2\.attention\.", r"\1.attention_blocks.1."),
    (r"(temporal_transformer\.block)\.attn1\.position\.", r"\1.attention_blocks.0.pos_encoder.pe."),
    (r"(temporal_transformer\.block)\.attn2\.position\.", r"\1.attention_blocks.1.pos_encoder.pe."),
    (r"(temporal_transformer\.block)\.attn1\.$", r"\1.attention_blocks.0."),
    (r"(temporal_transformer\.block)\.attn2\.$", r"\1.attention_blocks.1."),
    (r"(temporal_transformer\.block)\.norm1\.", r"\1.norms.0."),
    (r"(temporal_transformer\.block)\.norm2\.", r"\1.norms.1."),
    (r"(temporal_transformer\.block)\.norm3\.", r"\1.ff_norm."),
    (r"\.block\.", r".transformer_blocks.0."),
    (r"\.downsample\.$", r".downsamplers.0."),
    (r"\.upsample\.$", r".upsamplers.0."),
    (r"\.downsample\.", r".downsamplers.0.conv."),
    (r"\.upsample\.", r".upsamplers.0.conv."),
)

UNET = KeyMap(_UNET_RENAMES)
"""Both UNets; a spatial one simply has no audio and motion keys."""

AS_PUBLISHED = KeyMap(())
"""Networks whose names are kept: pose guider, audio projection."""

_BRANCH = r"seqTransDecoder.stack.\1."

SMGA = KeyMap(
    renames=(
        (r"^null_tokens\.", r"null_cond_embed."),
        (r"^null_hidden\.", r"null_cond_hidden."),
        (r"^rotary_frequencies\.", r"rotary.freqs."),
        (r"^time_in\.", r"time_mlp.1."),
        (r"^time_to_embedding\.", r"to_time_cond.0."),
        (r"^time_to_tokens\.", r"to_time_tokens.0."),
        (r"^norm_memory\.", r"norm_cond."),
        (r"^condition_encoder\.", r"cond_encoder."),
        (r"^condition_projection\.", r"cond_projection."),
        (r"^pooled_norm\.", r"non_attn_cond_projection.0."),
        (r"^pooled_in\.", r"non_attn_cond_projection.1."),
        (r"^pooled_out\.", r"non_attn_cond_projection.3."),
        (r"^layers\.(\d+)\.(face|body)\.self_attn\.", _BRANCH + r"\2_self_attn."),
        (r"^layers\.(\d+)\.(face|body)\.cross_attn\.", _BRANCH + r"\2_cross_attn."),
        (r"^layers\.(\d+)\.(face|body)\.norm(\d)\.", _BRANCH + r"norm_\2_\3."),
        (r"^layers\.(\d+)\.(face|body)\.film(\d)\.linear\.", _BRANCH + r"film_\2_\3.block.1."),
        (r"^layers\.(\d+)\.film_final\.linear\.", _BRANCH + r"film_final.block.1."),
        (r"^layers\.(\d+)\.", _BRANCH),
    ),
    unused=(
        (r"(stack\.\d+)\.face_self_attn\.", r"\1.self_attn."),
        (r"(stack\.\d+)\.norm_(face|body)_1\.", r"\1.norm_\2_3."),
        (r"(stack\.\d+)\.film_(face|body)_1\.", r"\1.film_\2_3."),
    ),
    copies=(
        (r"^(cond_encoder\.\d+)\.norm1\.weight$", r"\1.rotary.freqs", "rotary.freqs"),
        (r"^(seqTransDecoder\.stack\.\d+)\.norm_final\.weight$", r"\1.rotary.freqs", "rotary.freqs"),
    ),
)

VAE_FORMER_NAMES: Renames = (
    (".query.", ".to_q."),
    (".key.", ".to_k."),
    (".value.", ".to_v."),
    (".proj_attn.", ".to_out.0."),
)
"""Plain parts of keys: the autoencoder's file was written before its library renamed attention."""
