"""A short text that tells by which rule a number was counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import is_tied
from catalog.inspectors.counting.layers import has_experts
from catalog.inspectors.counting.names import ACTIVE_EXPERTS, EXPERTS
from catalog.inspectors.counting.understood import nested
from catalog.inspectors.counting.varied import is_varied

_WORDS: Final[Mapping[str, str]] = {
    "decoder": "decoder", "encoder": "encoder", "bart": "encoder and decoder",
    "t5": "encoder and decoder", "vit": "vision transformer", "wav2vec2": "speech encoder",
    "rwkv": "RWKV", "xlstm": "xLSTM", "zamba": "state spaces with shared attention",
    "swin": "vision transformer in stages", "convnext": "convolutions in stages",
    "resnet": "residual convolutions", "regnet": "grouped convolutions in stages",
    "named": "backbone of a known name", "mobilenet": "separable convolutions",
    "mobilenet_second": "separable convolutions", "efficientnet": "separable convolutions",
    "encodec": "codec",
    "sum": "sum of layers", "vae": "autoencoder", "unet": "U-Net", "controlnet": "ControlNet",
    "composite": "sum of parts",
}  # fmt: skip


def describe(fields: Fields) -> str:
    """Return the rule and what of the configuration decided it."""
    return ", ".join((f"computed from config.json: {_rule(fields)}", *_details(fields)))


def _rule(fields: Fields) -> str:
    if is_varied(fields):
        return "decoder with layers listed one by one"
    if fields.family.known:
        return _WORDS.get(fields.family.rule, fields.family.rule)
    return "sum of known parts" if nested(fields) else "general rule for decoders"


def _details(fields: Fields) -> tuple[str, ...]:
    if fields.family.known and fields.family.rule != "decoder":
        return ()
    if not fields.family.known and nested(fields):
        return ()
    return (*_experts(fields), f"{'tied' if is_tied(fields) else 'untied'} embeddings")


def _experts(fields: Fields) -> tuple[str, ...]:
    try:
        if not has_experts(fields):
            return ()
        number, chosen = fields.count(*EXPERTS), fields.count(*ACTIVE_EXPERTS)
    except NoRuleError:
        return ()
    return (f"{number} experts" + (f" of which {chosen} are used" if chosen else ""),)
