"""Encoders of pictures that are cut into patches (ViT, CLIP, SigLIP and their kin)."""

from __future__ import annotations

from catalog.inspectors.counting.decoder import norm
from catalog.inspectors.counting.encoder import layer
from catalog.inspectors.counting.fields import Fields
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.names import HIDDEN, LAYERS
from catalog.inspectors.counting.products import added, products
from catalog.inspectors.counting.sizes import Size, linear, used


def vit(fields: Fields, name: str) -> Size:
    """Return patches, positions, layers and what the class adds."""
    hidden = width(fields)
    size = _patches(fields, hidden) + products(fields, "also")
    ends = fields.family.fact("ends")
    size += (ends if isinstance(ends, int) else 1) * norm(fields, hidden)
    size += fields.need(*LAYERS) * layer(fields, hidden)
    return used(size + _head(fields, hidden, name))


def width(fields: Fields) -> int:
    """Return the width of the layers, where `hidden_size` may be that of what comes out."""
    own = fields.family.fact("width")
    return fields.need(own) if isinstance(own, str) else fields.need(*HIDDEN)


def _patches(fields: Fields, hidden: int) -> int:
    """Return the projection of one patch, and a table of positions where there is one."""
    patch = fields.side("patch_size", "spatial_patch_size")
    channels = fields.count("num_channels", "in_channels", "in_chans") or 3
    frames = fields.count("temporal_patch_size", "tubelet_size") or 1
    size = linear(channels * frames * patch * patch, hidden)
    if fields.family.fact("patch_bias"):
        size += hidden
    extra, tokens = fields.family.fact("grid"), fields.family.fact("tokens")
    if isinstance(extra, int):
        side = fields.side("image_size", "input_size", "img_size") // patch
        size += (side * side + extra) * hidden
    return size + (tokens if isinstance(tokens, int) else 0) * hidden


def _head(fields: Fields, hidden: int, name: str) -> int:
    if (listed := added(fields, name)) is not None:
        return listed
    if name.endswith("ForImageClassification"):
        return linear(hidden, labels(fields), bias=True)
    if fields.family.fact("pooler") == "model" and name.endswith("Model"):
        return linear(hidden, hidden, bias=True)
    return 0
