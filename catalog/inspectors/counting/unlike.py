"""Layers of one model that differ in their fields, as `per_layer_config` lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.layers import Block, blocks, depth, feeds, mixers

_LISTED = "per_layer_config"


def makes(fields: Fields) -> Iterator[tuple[Fields, Block, int]]:
    """Yield each make of layer with its fields, and how many layers there are of it."""
    own = _own(fields)
    if own is None:
        for block, number in blocks(fields).items():
            yield fields, block, number
        return
    number = depth(fields)
    pairs = zip(mixers(fields, number), feeds(fields, number), strict=True)
    for place, block in enumerate(pairs):
        yield _layer(fields, own.pop(place, {})), block, 1
    if own:
        raise NoRuleError("a layer behind the last one")


def _own(fields: Fields) -> dict[int, Mapping[str, object]] | None:
    listed = fields.raw(_LISTED)
    if listed is None or not isinstance(listed, Mapping) or not listed:
        return None
    found: dict[int, Mapping[str, object]] = {}
    for place, values in listed.items():
        known = isinstance(values, Mapping) and "skip" not in values
        if not known or not str(place).isdecimal() or len(str(place)) > 4:  # noqa: PLR2004 no layer has such a number
            raise NoRuleError("the fields of a layer are not understood")
        found[int(place)] = values
    return found


def _layer(fields: Fields, own: Mapping[str, object]) -> Fields:
    return replace(fields, given={**fields.given, **own}) if own else fields
