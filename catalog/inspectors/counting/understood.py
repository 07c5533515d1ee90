"""Fields that no rule reads, and what it means when a configuration has one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.layers import has_experts
from catalog.inspectors.counting.names import TEXT_PARTS
from catalog.inspectors.counting.products import check_fixed

_TABLE: Final = Path(__file__).with_name("understood.json")
_MOST_FIELDS = 5000
_SMALL = 16  # a number up to this is a switch, a ratio or a kernel, not a width
_WIDTHS: Final = (
    "size", "dim", "rank", "layers", "heads", "experts", "width", "blocks", "channels", "units",
)  # fmt: skip
_PLAIN: Final = (
    "_id", "_ids", "_index", "_idx", "_len", "_length", "_seed", "_bits", "_step", "_steps",
    "_scale", "_tokens", "_tp", "_theta", "_beta", "_version", "_base", "_period", "_distance",
)  # fmt: skip
# Layers with a state, and encoders with a decoder: of an unknown model type nothing is known.
_STATES: Final = ("mamba", "ssm", "linear_", "rwkv", "conv", "recurrent", "lru_")
_ODD: Final = ("cycles", "stack", "zero_expert", "codebook", "altup")
_SPREAD: Final = ("freq", "interval", "every")  # which layers have experts
_TWO_SIDED: Final = (
    "is_encoder_decoder", "num_decoder_layers", "encoder_layers", "decoder_layers", "d_kv",
)  # fmt: skip


@cache
def _understood(what: str) -> frozenset[str]:
    """Return the fields that rules read or that are known to add no weights to those counted."""
    return frozenset(json.loads(_TABLE.read_bytes())[what])


def check_fields(fields: Fields) -> None:
    """Raise NoRuleError where a field may be a width that the rules do not know.

    Of a known model type that is one whose name says so; of others any number that is not small,
    a nested part, and what tells of more than layers of attention and MLP.
    """
    if len(fields.given) > _MOST_FIELDS:
        raise NoRuleError("more fields than any configuration has")
    check_fixed(fields)
    if not fields.family.known:
        _check_plain(fields)
    for name, value in fields.given.items():
        if _is_number(value) and name not in _understood("numbers") and _may_be_width(fields, name):
            raise NoRuleError(f"nothing is known of {name[:50]}")
    for part_name in _only_read(fields):
        if (part := fields.part(part_name)) is not None:
            check_fields(part)


def _only_read(fields: Fields) -> tuple[str, ...]:
    """Return the parts whose fields stand in products of the whole, and are not counted apart."""
    aside = fields.family.fact("aside")
    if fields.family.rule == "sum":
        return tuple(fields.family.parts)
    return tuple(aside) if isinstance(aside, list) else ()


def nested(fields: Fields) -> tuple[str, ...]:
    """Return the names of nested parts of a model besides that of language."""
    return tuple(
        name
        for name, value in fields.given.items()
        if isinstance(value, Mapping)
        and value
        and name not in _understood("parts")
        and name not in TEXT_PARTS
    )


def _check_plain(fields: Fields) -> None:
    if any(fields.given.get(name) for name in _TWO_SIDED):
        raise NoRuleError("nothing is known of its encoder and decoder")
    sparse = has_experts(fields)
    for name, value in fields.given.items():
        odd = name.startswith(_STATES) or any(word in name for word in _ODD)
        if odd or (sparse and _spreads(name, value)):
            raise NoRuleError(f"nothing is known of {name[:50]}")


def _spreads(name: str, value: object) -> bool:
    """Tell whether a field may say that only some layers have experts."""
    some = isinstance(value, int) and value > 1
    return some and name not in _understood("numbers") and any(word in name for word in _SPREAD)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > _SMALL


def _may_be_width(fields: Fields, name: str) -> bool:
    plain = fields.family.fact("plain")
    if name in fields.family.usual or (isinstance(plain, list) and name in plain):
        return False
    return name.endswith(_WIDTHS) if fields.family.known else not name.endswith(_PLAIN)
