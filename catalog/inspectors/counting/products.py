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

    A factor is a number or the name of a field (`part.field` in a nested configuration, `list.0`
    in a list); `/name` divides, `#name` is the length of a list, `@word` the number of layers of
    that type, and `one|other` the first that is said. `?name` and `!name` make a product count only
    where a field is set, or is not. `wide` is the width of all heads, `stretched` the model's width
    times `mlp_ratio`, `labels` how many a classifier tells apart; `a*b` is the whole part of a
    product with a ratio, and `a:b` how often one length fits into another.
    """
    return _sum_of(fields, fields.family.fact(name))


def replaces(fields: Fields, name: str) -> bool:
    """Tell whether products of this name stand in place of a common rule."""
    return isinstance(fields.family.fact(name), list)


def of_class(fields: Fields, name: str) -> int:
    """Return what a class of this name has in its head besides what the common rules add."""
    return added(fields, name) or 0


def added(fields: Fields, name: str) -> int | None:
    """Return what the class of this name adds; None where the model type does not list it.

    The fact `heads` gives products by ends of names (`one|other`); the longest that fits counts.
    """
    listed = fields.family.fact("heads")
    if not isinstance(listed, dict):
        return None
    found = {end: listed[ends] for ends in listed for end in ends.split("|")}
    fitting = [end for end in found if (name or "Model").endswith(end)]
    return _sum_of(fields, found[max(fitting, key=len)]) if fitting else None


def need_added(fields: Fields, name: str) -> int:
    """Return what the class of this name adds, in a model type that lists all of its classes."""
    number = added(fields, name)
    if number is None:
        raise NoRuleError(f"no rule for {name}")
    return number


def check_fixed(fields: Fields) -> None:
    """Raise NoRuleError where a field has another value than that the products were written for."""
    listed = fields.family.fact("fixed")
    for name, value in listed.items() if isinstance(listed, dict) else ():
        if value_of(fields, name) != value:
            raise NoRuleError(f"no rule for this {name}")


def _sum_of(fields: Fields, listed: object) -> int:
    if not isinstance(listed, list):
        return 0
    return sum(_product(fields, factors) for factors in listed)


def _product(fields: Fields, factors: Iterable[Factor]) -> int:
    result = 1
    for factor in factors:
        if isinstance(factor, int):
            result *= factor
        elif factor[0] in "?!":
            if bool(value_of(fields, factor[1:])) != (factor[0] == "?"):
                return 0
        elif factor[0] == "@":
            result *= (fields.series("layer_types") or ()).count(factor[1:])
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
    if ":" in name:
        return _fitting(fields, name)
    if "*" in name:
        return _stretched(fields, name)
    value = value_of(fields, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NoRuleError(f"{name} is missing")
    return value


def _fitting(fields: Fields, name: str) -> int:
    long, *short = name.split(":")
    result = _side(fields, long)
    for each in short:
        side = _side(fields, each)
        if side == 0:
            raise NoRuleError(f"{each} is 0")
        result //= side
    return result


def _side(fields: Fields, name: str) -> int:
    """Return a length; of a rectangle none, unless all its sides are equal."""
    value = value_of(fields, name) if not name.isdecimal() else int(name)
    if isinstance(value, list) and value and all(side == value[0] for side in value):
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise NoRuleError(f"{name} is no length")
    return value


def _stretched(fields: Fields, name: str) -> int:
    result: float = 1
    for each in name.split("*"):
        value = value_of(fields, each)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:  # noqa: PLR2004 also false for NaN
            raise NoRuleError(f"{each} is no ratio")
        result *= value
    return int(result)


def value_of(fields: Fields, name: str) -> object:
    """Return the value behind a name as products write it."""
    if name[0] == "#":
        return len(fields.series(name[1:]) or ())
    head, dot, rest = name.partition(".")
    if dot:
        return _within(fields, head, rest)
    if name in _COMPUTED:
        return _COMPUTED[name](fields)
    names = tuple(word for each in name.split("|") for word in _COMMON.get(each, (each,)))
    value = fields.raw(*names)
    if isinstance(value, int) and not isinstance(value, bool):
        return fields.whole(*names)
    return value


def _within(fields: Fields, head: str, rest: str) -> object:
    """Return a value of a nested configuration, or an item of a list."""
    if not rest[0].isdecimal():
        part = fields.part(head)
        return None if part is None else value_of(part, rest)
    value: object = fields.raw(head)
    for place in rest.split("."):
        if not isinstance(value, list | tuple) or int(place) >= len(value):
            raise NoRuleError(f"{head} is too short")
        value = value[int(place)]
    return value
