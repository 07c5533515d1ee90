"""Models put together from others: what sees and hears, what speaks, and what joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from catalog.inspectors.counting.backbones import named
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import GENERATES, language_head
from catalog.inspectors.counting.names import HIDDEN, TEXT_PARTS
from catalog.inspectors.counting.products import need_added, products
from catalog.inspectors.counting.sizes import Size, used
from catalog.inspectors.counting.understood import nested

_BACKBONE: Final = "backbone_config"
_JOINT: Final = 0.02
Rule = Callable[[Fields, str], Size]


def composite(fields: Fields, name: str, rule_of: Callable[[Fields], Rule]) -> Size:
    """Return the parts of a model, what joins them, and its head."""
    alone = _alone(fields, name)
    size = Size() if alone else used(products(fields, "also"))
    if fields.family.fact("heads"):
        size += used(need_added(fields, name))
    for part_name in alone or _counted(fields):
        part = fields.part(part_name)
        if part_name == _BACKBONE and (part is None or _only_named(fields)):
            size += named(fields, name)
        elif part is not None:
            size += rule_of(part)(part, _class_of(fields, part_name))
    text = fields.part(*TEXT_PARTS)
    if text is None or not name.endswith(GENERATES):
        return size
    return size + used(_head(fields, text, name))


def _only_named(fields: Fields) -> bool:
    """Tell whether a file names its backbone, as older ones do, in place of describing it."""
    return bool(fields.word("backbone")) and not fields.given.get(_BACKBONE)


def _counted(fields: Fields) -> tuple[str, ...]:
    """Return the parts that have weights, not those that only say how others are joined.

    A part that the model has two of stands there again.
    """
    aside = fields.family.fact("aside")
    left_out = aside if isinstance(aside, list) else []
    again = fields.family.fact("again")
    names = tuple(
        name for name in fields.family.parts if name not in left_out and _is_there(fields, name)
    )
    return (*names, *again) if isinstance(again, list) else names


def _is_there(fields: Fields, part: str) -> bool:
    """Tell whether a model has a part; the fact `only_if` names the fields that some wait for."""
    known = fields.family.fact("only_if")
    flag = known.get(part) if isinstance(known, dict) else None
    return flag is None or fields.flag(flag) is True


def unknown_whole(fields: Fields, name: str, rule_of: Callable[[Fields], Rule]) -> Size:
    """Return parts of known types in a whole of an unknown one.

    What joins them is taken for two matrices, and has to be too small to matter.
    """
    text = fields.part(*TEXT_PARTS)
    if text is None:
        raise NoRuleError(f"no rule for {fields.kind}")
    hidden = text.need(*HIDDEN)
    size, joint = rule_of(text)(text, "Model"), 0
    for part_name in nested(fields):
        part = fields.part(part_name)
        if part is None or not part.family.known:
            raise NoRuleError(f"nothing is known of {part_name[:50]}")
        size += rule_of(part)(part, "Model")
        joint += hidden * (part.need(*HIDDEN) + hidden)
    if joint > _JOINT * size.total:
        raise NoRuleError("what joins the parts matters, and is not known")
    return size + used(joint + (_head(fields, text, name) if name.endswith(GENERATES) else 0))


def _alone(fields: Fields, name: str) -> tuple[str, ...]:
    """Return the parts that a class takes out of the whole; () where it is the whole."""
    known = fields.family.fact("alone")
    found = known.items() if isinstance(known, dict) else ()
    return next((tuple(parts) for suffix, parts in found if name.endswith(suffix)), ())


def _class_of(fields: Fields, part: str) -> str:
    """Return the class of a part: without a head, unless the model type has another there."""
    known = fields.family.fact("classes")
    own = known.get(part) if isinstance(known, dict) else None
    return own if isinstance(own, str) else "Model"


def _head(fields: Fields, text: Fields, name: str) -> int:
    if fields.family.fact("headless"):
        return 0
    return language_head(text, text.need(*HIDDEN), name, tied=_is_tied(fields, text))


def _is_tied(fields: Fields, text: Fields) -> bool:
    """Tell whether the head is the table of tokens: as the whole says, else as its text part."""
    for fact in ("never_tied", "always_tied"):
        if fields.family.fact(fact):
            return fact == "always_tied"
    for place in (fields.given, text.given, fields.family.usual, text.family.usual):
        said = place.get("tie_word_embeddings")
        if isinstance(said, bool):
            return said
    return True


def nothing(fields: Fields, name: str) -> Size:
    """Refuse: this part has no rule."""
    raise NoRuleError(f"no rule for {fields.kind} {name}")
