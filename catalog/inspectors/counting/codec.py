"""Codecs of sound: convolutions that shorten it, and others that write it again."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.sizes import Size, used
from catalog.inspectors.counting.stages import counts


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution with its bias and its normalization, which is of its weights or of groups."""

    by_weight: bool

    def size(self, before: int, after: int, kernel: int, *, turned: bool = False) -> int:
        """Return its weights; `turned` is one that lengthens sound."""
        scales = (before if turned else after) if self.by_weight else 2 * after
        return before * after * kernel + after + scales


def encodec(fields: Fields, name: str) -> Size:
    """Return EnCodec (arXiv 2210.13438); its codebooks are learned without gradients."""
    del name
    if fields.word("norm_type") not in {"weight_norm", "time_group_norm"}:
        raise NoRuleError("a normalization of another make")
    conv = Convolution(by_weight=fields.word("norm_type") == "weight_norm")
    ratios, width = counts(fields, "upsampling_ratios"), fields.need("num_filters")
    channels, hidden = fields.need("audio_channels"), fields.need("hidden_size")
    first, last = fields.need("kernel_size"), fields.need("last_kernel_size")
    widest = width << len(ratios)
    size = conv.size(channels, width, first) + conv.size(width, channels, last)
    size += conv.size(widest, hidden, last) + conv.size(hidden, widest, first)
    size += 2 * (fields.whole("num_lstm_layers") or 0) * (8 * widest * widest + 8 * widest)
    for stage, ratio in enumerate(reversed(ratios)):
        wide = width << stage
        size += 2 * _residuals(fields, conv, wide)
        size += conv.size(wide, 2 * wide, 2 * ratio)
        size += conv.size(2 * wide, wide, 2 * ratio, turned=True)
    return used(size)


def _residuals(fields: Fields, conv: Convolution, width: int) -> int:
    inside = width // (fields.count("compress") or 2)
    size = conv.size(width, inside, fields.need("residual_kernel_size"))
    size += conv.size(inside, width, 1)
    if fields.flag("use_conv_shortcut"):
        size += conv.size(width, width, 1)
    return size * fields.need("num_residual_layers")
