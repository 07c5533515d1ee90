"""Encoders of pictures in stages that halve the picture and widen (Swin, ConvNeXt, ResNet)."""

from __future__ import annotations

from catalog.inspectors.base import as_count
from catalog.inspectors.counting.feed import mlp
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.sizes import Size, linear, used


def swin(fields: Fields, name: str) -> Size:
    """Return Swin (arXiv 2103.14030) or Swin V2: attention in windows."""
    width, patch = fields.need("embed_dim"), fields.side("patch_size")
    depths, heads = counts(fields, "depths"), counts(fields, "num_heads")
    if len(depths) != len(heads):
        raise NoRuleError("as many heads as stages are needed")
    second = fields.family.fact("second") is True
    size = linear(3 * patch * patch, width, bias=True) + 2 * width
    for stage, (layers, number) in enumerate(zip(depths, heads, strict=True)):
        hidden = width << stage
        size += layers * _window_layer(fields, hidden, number, second=second)
        if stage + 1 < len(depths):
            size += 8 * hidden * hidden + (4 if second else 8) * hidden
    last = width << (len(depths) - 1)
    size += 0 if fields.family.fact("bare") else 2 * last
    return used(size + _labels(fields, last, name))


def _window_layer(fields: Fields, hidden: int, heads: int, *, second: bool) -> int:
    inner = int(hidden * (fields.ratio("mlp_ratio") or 4.0))
    size = 4 * linear(hidden, hidden, bias=True) + mlp(hidden, inner, gated=False, bias=True)
    if second:  # positions come out of a small network, and keys have no bias
        return size - hidden + heads + 2 * 512 + 512 + 512 * heads + 4 * hidden
    side = 2 * fields.side("window_size") - 1
    return size + side * side * heads + 4 * hidden


def convnext(fields: Fields, name: str) -> Size:
    """Return ConvNeXt (arXiv 2201.03545), or V2 with its response normalization."""
    widths, depths = counts(fields, "hidden_sizes"), counts(fields, "depths")
    if len(widths) != len(depths):
        raise NoRuleError("as many widths as stages are needed")
    if fields.need("num_stages") != len(widths):
        raise NoRuleError("as many stages as widths are needed")
    patch, channels = fields.side("patch_size"), fields.count("num_channels") or 3
    size = linear(channels * patch * patch, widths[0], bias=True) + 2 * widths[0]
    extra = 8 if fields.family.fact("second") else 1  # a scale, or two of the width inside
    for stage, (width, layers) in enumerate(zip(widths, depths, strict=True)):
        size += layers * (mlp(width, 4 * width, gated=False, bias=True) + (52 + extra) * width)
        if stage:
            size += 2 * widths[stage - 1] + linear(4 * widths[stage - 1], width, bias=True)
    return used(size + 2 * widths[-1] + _labels(fields, widths[-1], name))


def resnet(fields: Fields, name: str) -> Size:
    """Return ResNet (arXiv 1512.03385) with batch normalization."""
    widths, depths = counts(fields, "hidden_sizes"), counts(fields, "depths")
    if len(widths) != len(depths):
        raise NoRuleError("as many widths as stages are needed")
    first, channels = fields.need("embedding_size"), fields.count("num_channels") or 3
    narrow = fields.word("layer_type") != "basic"
    size = 49 * channels * first + 2 * first + residuals(first, widths, depths, narrow=narrow)
    return used(size + _labels(fields, widths[-1], name))


def residuals(
    before: int, widths: tuple[int, ...], depths: tuple[int, ...], *, narrow: bool
) -> int:
    """Return stages of residual layers; a convolution of one point widens or thins them out."""
    size = 0
    for stage, (width, layers) in enumerate(zip(widths, depths, strict=True)):
        if stage or before != width:
            size += before * width + 2 * width
        size += _residual(before, width, narrow=narrow)
        size += (layers - 1) * _residual(width, width, narrow=narrow)
        before = width
    return size


def regnet(fields: Fields, name: str) -> Size:
    """Return RegNet (arXiv 2003.13678): grouped convolutions, and a gate of channels in its Y."""
    widths, depths = counts(fields, "hidden_sizes"), counts(fields, "depths")
    if len(widths) != len(depths):
        raise NoRuleError("as many widths as stages are needed")
    before, group = fields.need("embedding_size"), fields.need("groups_width")
    gated = fields.word("layer_type") == "y"
    size = 9 * (fields.count("num_channels") or 3) * before + 2 * before
    for width, layers in zip(widths, depths, strict=True):
        size += before * width + 2 * width + _grouped(before, width, group, gated=gated)
        size += (layers - 1) * _grouped(width, width, group, gated=gated)
        before = width
    return used(size + _labels(fields, before, name))


def _grouped(before: int, width: int, group: int, *, gated: bool) -> int:
    groups = max(1, width // group)
    size = before * width + 9 * width * (width // groups) + width * width + 6 * width
    inside = round(before / 4)
    gate = linear(width, inside, bias=True) + linear(inside, width, bias=True)
    return size + (gate if gated else 0)


def _residual(before: int, width: int, *, narrow: bool) -> int:
    if not narrow:
        return 9 * before * width + 9 * width * width + 4 * width
    inside = width // 4
    return before * inside + 9 * inside * inside + inside * width + 4 * inside + 2 * width


def counts(fields: Fields, name: str) -> tuple[int, ...]:
    """Return a list of counts, one for each stage; raise NoRuleError where it is none."""
    numbers = tuple(as_count(item) for item in fields.series(name) or ())
    if not numbers or len(numbers) > 12 or None in numbers:  # noqa: PLR2004 no model has so many
        raise NoRuleError(f"{name} is no list of counts")
    return tuple(number for number in numbers if number is not None)


def _labels(fields: Fields, hidden: int, name: str) -> int:
    if name.endswith("ForImageClassification"):
        return linear(hidden, labels(fields), bias=True)
    return 0
