"""Compute what expressions of a template may be worth, without rendering anything."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any, ClassVar

from jinja2 import nodes

from scanning.scanners._jinja.assign import Names
from scanning.scanners._jinja.folding import (
    FILTERS,
    OPERATORS,
    NotFoldedError,
    checked,
    fold,
    items,
    method,
    sliced,
    subscript,
    text,
)
from scanning.scanners._jinja.values import DATA, FUNCTION, Value, constant, constants, opened

_COMBINATIONS = 64
_LONGEST_RANGE = 256
_FUNCTIONS_NAMES = """
raise_exception strftime_now namespace range dict cycler joiner lipsum loop caller self
url_for get_flashed_messages config request
"""
FUNCTIONS = frozenset(_FUNCTIONS_NAMES.split())
_NUMBERS = frozenset({"length", "count", "int", "float", "abs", "round", "sum", "wordcount"})
# Their result is a number, a truth or data whatever their arguments are.
_NO_TEXT = (nodes.Compare, nodes.Test, nodes.Not, nodes.Div, nodes.Pow)


class Evaluator(Names):
    """Values of the expressions of one template."""

    def value(self, node: nodes.Node) -> Value:
        """What the expression may be worth."""
        known = self._seen.get(id(node))
        if known is None:
            self._seen[id(node)] = DATA  # a macro that calls itself
            known = self._seen[id(node)] = self._compute(node)
        return known

    def output(self, body: list[nodes.Node]) -> Value:
        """The text that statements write; not followed further than plain pieces."""
        parts: list[Value] = []
        for node in body:
            if not isinstance(node, nodes.Output):
                return self._written(body)
            parts += [self.value(part) for part in node.nodes]
        return self._combine(lambda *pieces: "".join(map(text, pieces)), parts)

    def _written(self, body: list[nodes.Node]) -> Value:
        outputs = [out for node in body for out in _own(node, nodes.Output)]
        return opened(*(self.value(part) for out in outputs for part in out.nodes))

    def elements(self, value: Value) -> Value:
        """What a loop over the value gives."""
        found: list[Any] = []
        for one in value.constants:
            try:
                found += items(one)
            except NotFoldedError:
                continue
        known = constants(found)
        return known | opened(value) if value.is_open else known

    def _combine(self, function: Callable[..., object], parts: list[Value]) -> Value:
        """The function of every combination of constants; what is not known stays not known."""
        if any(part.is_open or not part.constants for part in parts):
            return opened(*parts)
        results: list[Any] = []
        every = product(*(part.constants for part in parts))
        for arguments in islice(every, _COMBINATIONS + 1):
            if len(results) == _COMBINATIONS:
                return constants(results) | opened(*parts)
            try:
                results.append(fold(function, *arguments))
            except NotFoldedError:
                return constants(results) | opened(*parts, extra=self._made_up(parts))
        return constants(results)

    @staticmethod
    def _made_up(parts: list[Value]) -> tuple[str, ...]:
        """A printf that was not followed may make any character."""
        return ("_",) if any("%" in word for part in parts for word in part.words()) else ()

    def _compute(self, node: nodes.Node) -> Value:
        handler = self._READERS.get(type(node))
        if handler is not None:
            made: Value = handler(self, node)
            return made
        if isinstance(node, _NO_TEXT):
            return DATA
        if isinstance(node, nodes.BinExpr) and node.operator in OPERATORS:
            return self._binary(node)
        return opened(*(self.value(child) for child in node.iter_child_nodes()))

    def _constant(self, node: nodes.Const | nodes.TemplateData) -> Value:
        value = node.value if isinstance(node, nodes.Const) else node.data
        try:
            return constant(checked(value))
        except NotFoldedError:
            return Value(is_open=isinstance(value, str))

    def _name(self, node: nodes.Name) -> Value:
        if node.name in self.names:
            return self.names[node.name]
        return FUNCTION if node.name in FUNCTIONS or node.name in self.macros else DATA

    def _binary(self, node: nodes.BinExpr) -> Value:
        parts = [self.value(node.left), self.value(node.right)]
        known = all(part.constants and not part.is_open for part in parts)
        if node.operator == "%" and not known:
            return opened(*parts, extra=self._made_up(parts))
        return self._combine(OPERATORS[node.operator], parts)

    def _concat(self, node: nodes.Concat) -> Value:
        parts = [self.value(part) for part in node.nodes]
        return self._combine(lambda *pieces: "".join(map(text, pieces)), parts)

    def _list(self, node: nodes.List | nodes.Tuple) -> Value:
        return self._combine(lambda *parts: list(parts), [self.value(one) for one in node.items])

    def _dict(self, node: nodes.Dict) -> Value:
        flat = [self.value(part) for pair in node.items for part in (pair.key, pair.value)]
        return self._combine(lambda *p: dict(zip(p[::2], p[1::2], strict=True)), flat)

    def _choice(self, node: nodes.CondExpr) -> Value:
        other = self.value(node.expr2) if node.expr2 else DATA
        return self.value(node.expr1) | other

    def _either(self, node: nodes.And | nodes.Or) -> Value:
        return self.value(node.left) | self.value(node.right)

    def _filter(self, node: nodes.Filter) -> Value:
        subject = self.value(node.node) if node.node else DATA
        parts = [subject, *(self.value(argument) for argument in node.args)]
        named = {keyword.key: self.value(keyword.value) for keyword in node.kwargs}
        if node.name in {"default", "d"}:
            return parts[0] | (parts[1] if len(parts) > 1 else DATA)
        function = FILTERS.get(node.name)
        if function is None or node.dyn_args or node.dyn_kwargs:
            return opened(*parts, *named.values())
        names = [str(name) for name in named]

        def apply(*values: Any) -> object:
            plain, rest = values[: len(parts)], values[len(parts) :]
            return function(*plain, **dict(zip(names, rest, strict=True)))

        made = self._combine(apply, [*parts, *named.values()])
        return _number(made) if node.name in _NUMBERS else made

    def _attribute(self, node: nodes.Getattr) -> Value:
        if isinstance(node.node, nodes.Name):
            known = self.names.get(f"{node.node.name}.{node.attr}")
            if known is not None:
                return known
        return self._element(self._owner(node.node), constant(node.attr))

    def _item(self, node: nodes.Getitem) -> Value:
        subject = self._owner(node.node)
        if not isinstance(node.arg, nodes.Slice):
            return self._element(subject, self.value(node.arg))
        limits = [node.arg.start, node.arg.stop, node.arg.step]
        parts = [constant(None) if one is None else self.value(one) for one in limits]
        return self._combine(lambda value, *p: sliced(value, p), [subject, *parts])

    def _sign(self, node: nodes.Neg | nodes.Pos) -> Value:
        return self._combine(_SIGNS[type(node)], [self.value(node.node)])

    def _owner(self, node: nodes.Node) -> Value:
        """What attributes and items are read of; those of functions are no text of the author."""
        free = isinstance(node, nodes.Name) and node.name not in self.names
        return DATA if free else self.value(node)

    def _element(self, subject: Value, key: Value) -> Value:
        """One element; the key itself goes nowhere."""
        if subject.is_data:
            return DATA
        if subject.is_open or not key.constants or key.is_open:
            return opened(subject)
        return self._combine(subscript, [subject, key])

    def _called(self, node: nodes.Call) -> Value:
        arguments = [self.value(argument) for argument in node.args]
        named = [self.value(keyword.value) for keyword in node.kwargs]
        target = node.node
        if isinstance(target, nodes.Name):
            return self._called_name(target.name, node, arguments, named)
        if not isinstance(target, nodes.Getattr):
            return opened(*arguments, *named)
        subject = self._owner(target.node)
        if named or node.dyn_args or subject.is_data:
            return opened(subject, *arguments, *named) if not subject.is_data else DATA
        return self._combine(lambda v, *a: method(v, target.attr, a), [subject, *arguments])

    def _called_name(
        self, name: str, node: nodes.Call, arguments: list[Value], named: list[Value]
    ) -> Value:
        if name == "range" and arguments:
            return _number(self._combine(_range, arguments))
        if name == "dict":
            keys = [constant(keyword.key) for keyword in node.kwargs]
            flat = [part for pair in zip(keys, named, strict=True) for part in pair]
            made = self._combine(lambda *p: dict(zip(p[::2], p[1::2], strict=True)), flat)
            return made | opened(*arguments) if arguments else made | constants(_keys(node))
        if name in self.macros:
            return self._written(self.macros[name].body)
        return opened(*arguments, *named)

    _READERS: ClassVar[dict[type, Any]] = {
        nodes.Const: _constant,
        nodes.TemplateData: _constant,
        nodes.Name: _name,
        nodes.Concat: _concat,
        nodes.List: _list,
        nodes.Tuple: _list,
        nodes.Dict: _dict,
        nodes.CondExpr: _choice,
        nodes.And: _either,
        nodes.Or: _either,
        nodes.Filter: _filter,
        nodes.Getattr: _attribute,
        nodes.Getitem: _item,
        nodes.Call: _called,
        nodes.Neg: _sign,
        nodes.Pos: _sign,
    }


def _number(value: Value) -> Value:
    """A number that is not known is no text either."""
    return Value(value.constants)


def _keys(node: nodes.Call) -> list[Any]:
    """A dict of unknown values still has its keys to loop over."""
    return [tuple(keyword.key for keyword in node.kwargs)] if node.kwargs else []


def _range(*limits: Any) -> object:
    numbers = range(*limits)
    if len(numbers) > _LONGEST_RANGE:
        raise NotFoldedError
    return list(numbers)


def _own(node: nodes.Node, kind: type[nodes.Output]) -> Iterator[nodes.Output]:
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)


_SIGNS: dict[type, Callable[[Any], object]] = {nodes.Neg: operator.neg, nodes.Pos: operator.pos}
