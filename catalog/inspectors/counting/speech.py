"""Encoders of raw sound (wav2vec 2.0, HuBERT, WavLM and their kin)."""

from __future__ import annotations

from catalog.inspectors.counting.decoder import norm
from catalog.inspectors.counting.encoder import layer
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.names import HIDDEN, LAYERS
from catalog.inspectors.counting.products import need_added, products
from catalog.inspectors.counting.sizes import Size, linear, used
from catalog.inspectors.counting.stages import counts


def wav2vec2(fields: Fields, name: str) -> Size:
    """Return convolutions over sound, layers over what they find, and what the class adds."""
    hidden = fields.need(*HIDDEN)
    channels = counts(fields, "conv_dim")
    size = _convolutions(fields, channels) + products(fields, "also")
    size += 2 * channels[-1] + linear(channels[-1], hidden, bias=True)
    size += _positions(fields, hidden) + norm(fields, hidden)
    size += fields.need(*LAYERS) * layer(fields, hidden)
    return used(size + _head(fields, hidden, name))


def listed(fields: Fields, name: str) -> Size:
    """Return what a model type lists: of the whole, of each layer, and of its classes."""
    size = products(fields, "also")
    if fields.family.fact("each"):
        size += fields.need(*LAYERS) * products(fields, "each")
    if fields.family.fact("heads"):
        return used(size + need_added(fields, name))
    return used(size + (_head(fields, fields.need(*HIDDEN), name) if name else 0))


def _convolutions(fields: Fields, channels: tuple[int, ...]) -> int:
    kernels = counts(fields, "conv_kernel")
    if len(kernels) != len(channels):
        raise NoRuleError("as many kernels as channels are needed")
    bias = fields.flag("conv_bias") is True
    every = fields.word("feat_extract_norm") == "layer"
    size, before = 0, 1
    for place, (after, kernel) in enumerate(zip(channels, kernels, strict=True)):
        size += before * after * kernel + (after if bias else 0)
        size += 2 * after if every or place == 0 else 0
        before = after
    return size


def _positions(fields: Fields, hidden: int) -> int:
    """Return the grouped convolution that tells positions, and the vector for masked sound."""
    kernel = fields.need("num_conv_pos_embeddings")
    groups = fields.need("num_conv_pos_embedding_groups")
    deep = fields.count("conv_pos_kernel_size") if fields.family.fact("deep_positions") else None
    if deep is not None:
        return kernel * (hidden * (hidden // groups) * deep + hidden) + hidden
    return hidden * (hidden // groups) * kernel + hidden + kernel + hidden


def _head(fields: Fields, hidden: int, name: str) -> int:
    if name.endswith("ForCTC"):
        return linear(hidden, fields.need("vocab_size"), bias=True)
    if name.endswith(("ForSequenceClassification", "ForAudioClassification")):
        inner = fields.need("classifier_proj_size")
        return linear(hidden, inner, bias=True) + linear(inner, labels(fields), bias=True)
    if name.endswith(("ForAudioFrameClassification", "ForTokenClassification")):
        return linear(hidden, labels(fields), bias=True)
    if name.endswith("ForXVector"):
        return _xvector(fields, hidden)
    return _quantizer(fields, hidden) if name.endswith("ForPreTraining") else 0


def _xvector(fields: Fields, hidden: int) -> int:
    """Return the convolutions in time that tell speakers apart, and their vectors (x-vectors)."""
    widths, kernels = counts(fields, "tdnn_dim"), counts(fields, "tdnn_kernel")
    vector, before = fields.need("xvector_output_dim"), widths[0]
    size = linear(hidden, before, bias=True) + fields.need(*LAYERS) + 1
    for width, kernel in zip(widths, kernels, strict=False):
        size += linear(before * kernel, width, bias=True)
        before = width
    size += linear(2 * before, vector, bias=True) + linear(vector, vector, bias=True)
    return size + vector * labels(fields)


def _quantizer(fields: Fields, hidden: int) -> int:
    """Return the codebook that pretraining predicts."""
    groups, each = fields.need("num_codevector_groups"), fields.need("num_codevectors_per_group")
    width, inner = fields.need("codevector_dim"), fields.need("proj_codevector_dim")
    size = each * width + linear(counts(fields, "conv_dim")[-1], groups * each, bias=True)
    return size + linear(hidden, inner, bias=True) + linear(width, inner, bias=True)
