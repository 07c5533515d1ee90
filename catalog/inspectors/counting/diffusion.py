"""Convolutional parts of image pipelines: VAE, U-Net and ControlNet as diffusers names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.sizes import Size, linear, used
from catalog.inspectors.counting.stages import counts

_CROSS_DOWN, _CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
_DOWN: Final = ("DownBlock2D", _CROSS_DOWN)
_UP: Final = ("UpBlock2D", _CROSS_UP)
_MIDDLE: Final = ("", "UNetMidBlock2DCrossAttn")
_SOME_OTHER_WAY: Final = ("dual_cross_attention", "class_embed_type", "encoder_hid_dim")


def vae(fields: Fields, name: str) -> Size:
    """Return the variational autoencoder of Stable Diffusion and FLUX."""
    del name
    widths, layers = counts(fields, "block_out_channels"), fields.need("layers_per_block")
    latent, last = fields.need("latent_channels"), widths[-1]
    middle = 2 * _resnet(last, last) + _middle_attention(fields, last)
    size = _conv(fields.count("in_channels") or 3, widths[0]) + 2 * middle
    size += _conv(last, 2 * latent) + 2 * last + _conv(latent, last)
    size += _stages(widths, layers) + _stages(widths[::-1], layers + 1)
    size += 2 * widths[0] + _conv(widths[0], fields.count("out_channels") or 3)
    if fields.flag("use_quant_conv") is not False:
        size += linear(2 * latent, 2 * latent, bias=True)
    if fields.flag("use_post_quant_conv") is not False:
        size += linear(latent, latent, bias=True)
    return used(size)


def _middle_attention(fields: Fields, width: int) -> int:
    if fields.flag("mid_block_add_attention") is False:
        return 0
    return 4 * linear(width, width, bias=True) + 2 * width


def _stages(widths: Sequence[int], layers: int) -> int:
    """Return stages of residual layers with a resampling convolution after each but the last."""
    size, before = 0, widths[0]
    for stage, width in enumerate(widths):
        size += _resnet(before, width) + (layers - 1) * _resnet(width, width)
        size += _conv(width, width) if stage + 1 < len(widths) else 0
        before = width
    return size


def _conv(before: int, after: int, side: int = 3) -> int:
    return side * side * before * after + after


def _resnet(before: int, after: int, time: int = 0) -> int:
    size = 2 * before + _conv(before, after) + 2 * after + _conv(after, after)
    size += linear(time, after, bias=True) if time else 0
    return size + (linear(before, after, bias=True) if before != after else 0)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its width, residual layers, and transformers with their depth and condition."""

    width: int
    layers: int
    crossed: bool
    depth: int
    condition: int
    only_crossed: bool

    def transformer(self, *, only_crossed: bool | None = None) -> int:
        """Return one transformer over the picture, which looks at the condition."""
        width, only = self.width, self.only_crossed if only_crossed is None else only_crossed
        looks = 2 * width * width + 2 * self.condition * width + width
        itself = looks if only else 4 * width * width + width
        feed = linear(width, 8 * width, bias=True) + linear(4 * width, width, bias=True)
        ends = 2 * width + 2 * linear(width, width, bias=True)
        return ends + self.depth * (itself + looks + feed + 6 * width)


def unet(fields: Fields, name: str) -> Size:
    """Return the U-Net of Stable Diffusion."""
    del name
    stages, time = _unet_stages(fields), 4 * counts(fields, "block_out_channels")[0]
    first = stages[0].width
    size = _common(fields, stages, time) + _up(fields, stages, time)
    return used(size + 2 * first + _conv(first, fields.need("out_channels")))


def controlnet(fields: Fields, name: str) -> Size:
    """Return a ControlNet: half of a U-Net, and what reads the condition and hands it on."""
    del name
    stages, time = _unet_stages(fields), 4 * counts(fields, "block_out_channels")[0]
    first, size = stages[0].width, _common(fields, stages, time)
    steps = counts(fields, "conditioning_embedding_out_channels")
    size += _conv(fields.count("conditioning_channels") or 3, steps[0])
    for before, after in pairwise(steps):
        size += _conv(before, before) + _conv(before, after)
    size += _conv(steps[-1], first) + linear(first, first, bias=True)
    for place, stage in enumerate(stages):
        handed = stage.layers + (place + 1 < len(stages))
        size += handed * linear(stage.width, stage.width, bias=True)
    return used(size + linear(stages[-1].width, stages[-1].width, bias=True))


def _unet_stages(fields: Fields) -> tuple[Stage, ...]:
    if any(fields.raw(name) for name in _SOME_OTHER_WAY):
        raise NoRuleError("conditioned in a way that has no rule")
    if fields.word("mid_block_type") not in _MIDDLE:
        raise NoRuleError("a middle of another make")
    widths, kinds = counts(fields, "block_out_channels"), fields.series("down_block_types") or ()
    if len(kinds) != len(widths) or any(kind not in _DOWN for kind in kinds):
        raise NoRuleError("a stage of another make")
    number = len(widths)
    layers, depths = _each(fields, "layers_per_block", number), _depths(fields, number)
    conditions, only = _each(fields, "cross_attention_dim", number), _only(fields, number)
    return tuple(
        Stage(widths[i], layers[i], kinds[i] == _CROSS_DOWN, depths[i], conditions[i], only[i])
        for i in range(number)
    )


def _each(fields: Fields, name: str, number: int) -> tuple[int, ...]:
    """Return a number for each stage, from one or from as many."""
    if fields.series(name) is None:
        return (fields.need(name),) * number
    found = counts(fields, name)
    if len(found) != number:
        raise NoRuleError(f"{name} does not fit the stages")
    return found


def _depths(fields: Fields, number: int) -> tuple[int, ...]:
    said = fields.says("transformer_layers_per_block")
    return _each(fields, "transformer_layers_per_block", number) if said else (1,) * number


def _only(fields: Fields, number: int) -> tuple[bool, ...]:
    """Return for each stage whether its attention looks at the condition alone."""
    listed = fields.series("only_cross_attention")
    if listed is None:
        return (fields.flag("only_cross_attention") is True,) * number
    if len(listed) != number:
        raise NoRuleError("only_cross_attention does not fit the stages")
    return tuple(item is True for item in listed)


def _common(fields: Fields, stages: tuple[Stage, ...], time: int) -> int:
    """Return the way down and the middle, with the embedding of time."""
    first, last = stages[0].width, stages[-1]
    side = fields.count("conv_in_kernel") or 3
    size = _conv(fields.need("in_channels"), first, side) + _time(fields, first, time)
    before = first
    for place, stage in enumerate(stages):
        size += _resnet(before, stage.width, time)
        size += (stage.layers - 1) * _resnet(stage.width, stage.width, time)
        size += stage.layers * stage.transformer() if stage.crossed else 0
        size += _conv(stage.width, stage.width) if place + 1 < len(stages) else 0
        before = stage.width
    only = fields.flag("mid_block_only_cross_attention", "only_cross_attention") is True
    return size + 2 * _resnet(before, before, time) + last.transformer(only_crossed=only)


def _time(fields: Fields, first: int, time: int) -> int:
    size = linear(first, time, bias=True) + linear(time, time, bias=True)
    size += first * (fields.count("time_cond_proj_dim") or 0)
    size += time * (fields.count("num_class_embeds") or 0)
    added = fields.word("addition_embed_type")
    if added == "text_time":
        inputs = fields.need("projection_class_embeddings_input_dim")
        return size + linear(inputs, time, bias=True) + linear(time, time, bias=True)
    if added:
        raise NoRuleError("conditioned in a way that has no rule")
    return size


def _up(fields: Fields, stages: tuple[Stage, ...], time: int) -> int:
    """Return the way up, whose layers also take what the way down passed."""
    kinds = fields.series("up_block_types") or ()
    if len(kinds) != len(stages) or any(kind not in _UP for kind in kinds):
        raise NoRuleError("a stage of another make")
    ups, size = stages[::-1], 0
    before = ups[0].width
    for place, (stage, kind) in enumerate(zip(ups, kinds, strict=True)):
        passed = ups[min(place + 1, len(ups) - 1)].width
        number = stage.layers + 1
        for layer in range(number):
            skip = passed if layer == number - 1 else stage.width
            size += _resnet((before if layer == 0 else stage.width) + skip, stage.width, time)
        size += number * stage.transformer() if kind == _CROSS_UP else 0
        size += _conv(stage.width, stage.width) if place + 1 < len(ups) else 0
        before = stage.width
    return size
