"""Small encoders of pictures whose widths are one set of numbers times a factor.

MobileNet (arXiv 1704.04861), MobileNetV2 (arXiv 1801.04381) and EfficientNet (arXiv 1905.11946).
Their convolutions over each channel alone are followed by ones over all channels at a point.
"""

from __future__ import annotations

import math
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.sizes import Size, linear, used
from catalog.inspectors.counting.stages import counts

_FIRST: Final = (32, 64, 128, 128, 256, 256, *(512,) * 6, 1024, 1024)
_SECOND: Final = (*(24,) * 2, *(32,) * 3, *(64,) * 4, *(96,) * 3, *(160,) * 3, 320)


def mobilenet(fields: Fields, name: str) -> Size:
    """Return MobileNet: each layer is one convolution of either kind."""
    factor, least = fields.ratio("depth_multiplier") or 1.0, fields.whole("min_depth") or 1
    widths = [max(int(width * factor), least) for width in _FIRST]
    before = widths[0]
    size = _conv(fields.count("num_channels") or 3, before, 3)
    for width in widths[1:]:
        size += 11 * before + _conv(before, width)
        before = width
    return used(size + _head(fields, before, name))


def mobilenet_second(fields: Fields, name: str) -> Size:
    """Return MobileNetV2: layers that are wide inside and narrow between each other."""
    factor, ratio = fields.ratio("depth_multiplier") or 1.0, fields.ratio("expand_ratio") or 6.0
    step, least = fields.need("depth_divisible_by"), fields.need("min_depth")

    def width_of(number: float) -> int:
        return _rounded(round(number * factor), step, least)

    stem, before = width_of(32), width_of(16)
    size = _conv(fields.count("num_channels") or 3, stem, 3) + 11 * stem + _conv(stem, before)
    size += 0 if fields.flag("first_layer_is_expansion") else _conv(stem, stem)
    for number in _SECOND:
        inside, width = _rounded(round(before * ratio), step, least), width_of(number)
        size += _conv(before, inside) + 11 * inside + _conv(inside, width)
        before = width
    fine = fields.flag("finegrained_output") and factor < 1
    last = 1280 if fine else width_of(1280)
    if name.endswith("ForSemanticSegmentation"):
        outputs = 2 * _conv(before, 256) + _conv(512, 256) + linear(256, labels(fields), bias=True)
        return used(size + _conv(before, last) + outputs)
    return used(size + _conv(before, last) + _head(fields, last, name))


def efficientnet(fields: Fields, name: str) -> Size:
    """Return EfficientNet: layers as those of MobileNetV2, with a gate of channels."""
    lists = [
        counts(fields, word)
        for word in (
            "in_channels", "out_channels", "kernel_sizes", "expand_ratios", "num_block_repeats",
        )
    ]  # fmt: skip
    if len({len(each) for each in lists}) != 1:
        raise NoRuleError("lists of different lengths")
    wide, deep = fields.ratio("width_coefficient") or 1.0, fields.ratio("depth_coefficient") or 1.0
    step, gate = fields.need("depth_divisor"), fields.ratio("squeeze_expansion_ratio") or 0.25
    stem, last = _rounded(32 * wide, step, step), _rounded(1280 * wide, step, step)
    size, after = _conv(fields.count("num_channels") or 3, stem, 3), stem
    for before, width, kernel, ratio, times in zip(*lists, strict=True):
        layer, after = _rounded(before * wide, step, step), _rounded(width * wide, step, step)
        for _ in range(min(math.ceil(deep * times), 1000)):
            size += _gated(layer, after, kernel, ratio, gate)
            layer = after
    return used(size + _conv(after, last) + _head(fields, last, name))


def _gated(before: int, after: int, kernel: int, ratio: int, gate: float) -> int:
    inside, small = before * ratio, max(1, int(before * gate))
    size = _conv(before, inside) if ratio != 1 else 0
    size += (kernel * kernel + 2) * inside + _conv(inside, after)
    return size + linear(inside, small, bias=True) + linear(small, inside, bias=True)


def _conv(before: int, after: int, side: int = 1) -> int:
    """Return a convolution and its batch normalization."""
    return side * side * before * after + 2 * after


def _rounded(number: float, step: int, least: int) -> int:
    """Return the multiple of a step that is near, and at most a tenth less."""
    found = max(least, int(number + step / 2) // step * step)
    return found + step if found < 0.9 * number else found


def _head(fields: Fields, width: int, name: str) -> int:
    if name.endswith("ForImageClassification"):
        return linear(width, labels(fields), bias=True)
    if name.endswith("ForSemanticSegmentation"):
        raise NoRuleError(f"no rule for {name}")
    return 0
