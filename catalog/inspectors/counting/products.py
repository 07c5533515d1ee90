"""Weights that one model type has besides those of the common rules, written as products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import labels
from catalog.inspectors.counting.names import HEADS, HIDDEN, INNER, LAYERS, VOCABULARY

Factor = int | str
_COMMON: Final[Mapping[str, tuple[str, ...]]] = {
    "hidden": HIDDEN, "inner": INNER, "heads": HEADS, "layers": LAYERS, "vocabulary": VOCABULARY,
}  # fmt: skip
_COMPUTED: Final[Mapping[str, Callable[[Fields], int]]] = {
    "labels": labels,
    "wide": lambda fields: fields.need("num_attention_heads") * fields.need("attention_head_dim"),
    "stretched": lambda fields: int(fields.need("hidden_size") * (fields.ratio("mlp_ratio") or 4)),
}


def products(fields: Fields, name: str) -> int:
    """Return the sum of the products that a model type's fact of this name lists.

    A factor is a number or the name of a field (`part.field` in a nested configuration); `/name`
    divides, `#name` is the length of a list, `@word` the number of layers of that type, and
    `one|other` the first that is said. `?name` and `!name` make a product count only where a field
    is set, or is not. `wide` is the width of all heads, `stretched` the model's width times
    `mlp_ratio`, `labels` the number of labels.
    """
    return _sum(fields, fields.family.fact(name))


def replaces(fields: Fields, name: str) -> bool:
    """Tell whether products of this name stand in place of a common rule."""
    return isinstance(fields.family.fact(name), list)


def of_class(fields: Fields, name: str) -> int:
    """Return what a class of this name has in its head besides what the common rules add."""
    known = fields.family.fact("heads")
    found = known.items() if isinstance(known, dict) else ()
    ends = {tuple(classes.split("|")): listed for classes, listed in found}
    return sum(_sum(fields, listed) for classes, listed in ends.items() if name.endswith(classes))


def _sum(fields: Fields, listed: object) -> int:
    return sum(_product(fields, item) for item in listed) if isinstance(listed, list) else 0


def _product(fields: Fields, factors: Iterable[Factor]) -> int:
    result = 1
    for factor in factors:
        if isinstance(factor, int):
            result *= factor
        elif factor[0] in "?!":
            if bool(_value(fields, factor[1:])) != (factor[0] == "?"):
                return 0
        elif factor[0] == "@":
            result *= (fields.series("layer_types") or ()).count(factor[1:])
        elif factor[0] == "#":
            result *= len(fields.series(factor[1:]) or ())
        elif factor[0] == "/":
            result //= _divisor(fields, factor[1:])
        else:
            result *= _number(fields, factor)
    return result


def _divisor(fields: Fields, name: str) -> int:
    number = _number(fields, name)
    if number == 0:
        raise NoRuleError(f"{name} is 0")
    return number


def _number(fields: Fields, name: str) -> int:
    if name.isdecimal():
        return int(name)
    value = _value(fields, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NoRuleError(f"{name} is missing")
    return value


def _value(fields: Fields, name: str) -> object:
    head, dot, rest = name.partition(".")
    if dot:
        part = fields.part(head)
        return None if part is None else _value(part, rest)
    names = tuple(word for each in name.split("|") for word in _COMMON.get(each, (each,)))
    if name in _COMPUTED:
        return _COMPUTED[name](fields)
    value = fields.raw(*names)
    if isinstance(value, int) and not isinstance(value, bool):
        return fields.whole(*names)
    return value
