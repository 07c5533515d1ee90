"""HGNetV2, the convolutions under D-FINE and PaddlePaddle's detectors."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.sizes import Size, linear, used
from catalog.inspectors.counting.stages import counts

_PER_STAGE: Final = (
    "stage_in_channels", "stage_mid_channels", "stage_out_channels", "stage_num_blocks",
    "stage_numb_of_layers", "stage_kernel_size",
)  # fmt: skip
_SWITCHES: Final = ("stage_downsample", "stage_light_block")


def hgnet(fields: Fields, name: str) -> Size:
    """Return a stem and stages of blocks, each of which joins the outputs of all its layers."""
    affine = 2 if fields.flag("use_learnable_affine_block") else 0
    size = _stem(fields, affine)
    numbers = [counts(fields, field) for field in _PER_STAGE]
    switches = [_switches(fields, field) for field in _SWITCHES]
    if len({len(listed) for listed in (*numbers, *switches)}) != 1:
        raise NoRuleError("as many values as stages are needed")
    for *stage, thinned, light in zip(*numbers, *switches, strict=True):
        wide, inner, out, blocks, layers, kernel = stage
        size += 9 * wide + 2 * wide if thinned else 0
        for block in range(blocks):
            before = out if block else wide
            size += _block(before, inner, out, layers, kernel, light=light, affine=affine)
    last = numbers[_PER_STAGE.index("stage_out_channels")][-1]
    head = linear(last, labels(fields), bias=True) if name.endswith("Classification") else 0
    return used(size + head)


def _stem(fields: Fields, affine: int) -> int:
    channels = counts(fields, "stem_channels")
    if len(channels) != 3:  # noqa: PLR2004 before, between and behind
        raise NoRuleError("stem_channels are three")
    before, wide, out = channels
    size = _conv(before, wide, 3, affine) + _conv(wide, wide // 2, 2, affine)
    size += _conv(wide // 2, wide, 2, affine) + _conv(2 * wide, wide, 3, affine)
    return size + _conv(wide, out, 1, affine)


def _block(
    before: int, inner: int, out: int, layers: int, kernel: int, *, light: bool, affine: int
) -> int:
    size = _conv(before + layers * inner, out // 2, 1, 0) + _conv(out // 2, out, 1, 0)
    size += 2 * affine
    for layer in range(layers):
        seen = inner if layer else before
        if light:
            size += _conv(seen, inner, 1, 0) + kernel * kernel * inner + 2 * inner + affine
        else:
            size += _conv(seen, inner, kernel, affine)
    return size


def _conv(before: int, out: int, kernel: int, affine: int) -> int:
    """Return a convolution without bias, its normalization and what scales its activation."""
    return kernel * kernel * before * out + 2 * out + affine


def _switches(fields: Fields, name: str) -> tuple[bool, ...]:
    listed = fields.series(name) or ()
    if not all(isinstance(item, bool) for item in listed):
        raise NoRuleError(f"{name} is no list of switches")
    return tuple(bool(item) for item in listed)
