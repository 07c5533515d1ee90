"""Hostile YAML made plain: text, numbers, lists and objects, in bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import yaml

from core.errors import InvalidInputError

DEEPEST: Final = 40
MOST_NODES: Final = 200_000
UNCLOSED: Final = "the head of the card has no closing ---"
LARGEST: Final = 1 << 20
T = TypeVar("T")
# Blank lines may stand above, as huggingface_hub has it.
_OPENING = re.compile(r"\A(?:[ \t]*\n)*---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*$", re.MULTILINE)
# Lines as heads have them; where a head has no end, the text begins with the first other one.
_FIELDS = re.compile(
    r"(?:(?:[a-z_][\w-]{0,60}:(?:[ \t][^\n]*)?|[ \t]*-[ \t][^\n]*|[ \t]+\S[^\n]*)(?:\n|\Z))*"
)


_CORE: Final = "tag:yaml.org,2002:"
_KINDS: Final = frozenset({"null", "bool", "int", "float", "str", "seq"})


class _Loader(yaml.CSafeLoader):
    """YAML as the Hub's own parser reads it: `no` is a language, 2024-01-01 a text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    yaml_constructors = {
        tag: build
        for tag, build in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_CORE) in _KINDS
    }

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.doubled: list[str] = []
        self.merged = 0

    def merge(self, into: dict[str, Any], source: dict[str, Any]) -> None:
        """Add what `into` does not say itself (https://yaml.org/type/merge.html)."""
        self.merged += len(source)
        if self.merged > MOST_NODES:
            raise ValueError("it merges too many values")
        for name, value in source.items():
            into.setdefault(name, value)


# PyYAML only matches a beginning, so each form says where it ends.
for _tag, _form in {
    "bool": r"(?:true|True|TRUE|false|False|FALSE)\Z",
    "null": r"(?:~|null|Null|NULL|)\Z",
    "int": r"[-+]?(?:0|[1-9]\d{0,30})\Z",
    "float": r"[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d{1,3})?\Z",
}.items():
    _Loader.add_implicit_resolver(f"{_CORE}{_tag}", re.compile(_form), None)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    """Build an object with text keys; a key given twice with two values is no value at all."""
    result: dict[str, Any] = {}
    doubled: list[str] = []
    merged: list[dict[str, Any]] = []
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        value = loader.construct_object(value_node, deep=True)
        if _is_merge(key_node) and (sources := _sources(value)):
            merged += sources
            continue
        name = str(key) if isinstance(key, Hashable) else "?"
        if name in result and result[name] != value:
            doubled.append(name)
        result[name] = value
    for source in merged:
        loader.merge(result, source)
    for name in doubled:
        result.pop(name, None)
    loader.doubled.extend(doubled)
    return result


def _is_merge(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == "<<" and not key.style


def _sources(value: object) -> list[dict[str, Any]]:
    """Objects to merge, the first before the next; none where there is anything else."""
    given = value if isinstance(value, list) else [value]
    sources = [source for source in given if isinstance(source, dict)]
    return sources if len(sources) == len(given) else []


_Loader.add_constructor(f"{_CORE}map", _mapping)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The head of a card and the text below it."""

    data: dict[str, object]
    body: str
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Budget:
    left: int = MOST_NODES
    cut: list[str] = field(default_factory=list)

    def spend(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise InvalidInputError("it unfolds to too many values")
        if depth > DEEPEST:
            raise InvalidInputError("it is nested too deeply")


def split(text: str) -> FrontMatter:
    """Read the head of a card; what is wrong with it is named and never raised."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    opening = _OPENING.match(text)
    if opening is None:
        return FrontMatter({}, text)
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        return FrontMatter({}, _text_below(text, opening.end()), (UNCLOSED,))
    head, body = text[opening.end() : closing.start()], text[closing.end() :]
    try:
        data, doubled = _load(head, text.count("\n", 0, opening.end()))
    except InvalidInputError as error:
        return FrontMatter({}, body, (f"the head of the card is not usable: {error.message}",))
    return FrontMatter(data, body, tuple(f"the card gives {name} twice" for name in doubled))


def _text_below(text: str, start: int) -> str:
    """Leave out the lines of fields that a head without an end begins with."""
    fields = _FIELDS.match(text, start)
    return text[fields.end() if fields else start :]


def _load(head: str, above: int) -> tuple[dict[str, object], list[str]]:
    if len(head) > LARGEST:
        raise InvalidInputError("it is larger than a megabyte")
    _guarded(lambda: _check_shape(head), above)
    loader = _Loader(head)
    try:
        data = _guarded(loader.get_single_data, above)
    finally:
        loader.dispose()
    if data is None:
        return {}, []
    if not isinstance(data, dict):
        raise InvalidInputError("it holds no fields")
    plain = _plain(data, _Budget(), 0)
    return (plain if isinstance(plain, dict) else {}), sorted(set(loader.doubled))


def _guarded(act: Callable[[], T], above: int) -> T:
    """Name what is wrong, by its line; `above` are the lines before the first that is parsed."""
    try:
        return act()
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1 + above}" if error.problem_mark else ""
        raise InvalidInputError(f"{error.problem or 'bad YAML'}{line}") from error
    except yaml.YAMLError as error:
        raise InvalidInputError("it has characters that YAML does not allow") from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise InvalidInputError(f"it holds a value that cannot be read ({error})"[:200]) from error


def _check_shape(head: str) -> None:
    """Count first: the C parser builds by recursion, so depth would end the process."""
    depth = 0
    for number, event in enumerate(yaml.parse(head, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise InvalidInputError("it is nested too deeply")
        if number > MOST_NODES:
            raise InvalidInputError("it holds too many values")


def _plain(value: object, budget: _Budget, depth: int) -> object:
    """Copy into plain values: an alias unfolds here, so a few of them cannot become millions."""
    budget.spend(depth)
    if isinstance(value, dict):
        return {str(k)[:200]: _plain(v, budget, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, budget, depth + 1) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)
