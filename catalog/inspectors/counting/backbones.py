"""Encoders of pictures that a configuration names instead of describing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.sizes import Size, used
from catalog.inspectors.counting.stages import residuals

# ResNet is numbered by its layers with weights (arXiv 1512.03385, table 1).
_RESNET: Final = re.compile(r"(?:microsoft/)?resnet-?(\d{2,3})")
_DEPTHS: Final[Mapping[str, tuple[int, ...]]] = {
    "18": (2, 2, 2, 2), "34": (3, 4, 6, 3), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3),
    "152": (3, 8, 36, 3),
}  # fmt: skip
_WIDTHS: Final = (64, 128, 256, 512)


def named(fields: Fields, name: str) -> Size:
    """Return the encoder that the field `backbone` names, without a head."""
    del name
    found = _RESNET.fullmatch(fields.word("backbone"))
    depths = _DEPTHS.get(found[1]) if found else None
    if found is None or depths is None:
        raise NoRuleError("a backbone of an unknown name")
    narrow = found[1] not in {"18", "34"}
    widths = tuple((4 if narrow else 1) * width for width in _WIDTHS)
    channels = fields.count("num_channels") or 3
    size = 49 * channels * 64 + 2 * 64 + residuals(64, widths, depths, narrow=narrow)
    return used(size)
