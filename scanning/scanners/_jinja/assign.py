"""Follow what names of a template may hold.

Scopes and the order of statements are ignored: a name holds whatever is ever given to it. That
errs towards more values, never towards fewer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from jinja2 import nodes

from scanning.scanners._jinja.values import DATA, Value, opened

_ROUNDS = 6
_GROWING = frozenset({"append", "extend", "insert", "update", "add", "setdefault"})


class Names(ABC):
    """Names of one template and all that each of them may hold."""

    def __init__(self, tree: nodes.Template) -> None:
        self.names: dict[str, Value] = {}
        self.macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
        self._seen: dict[int, Value] = {}
        self._settle(tree)

    @abstractmethod
    def value(self, node: nodes.Node) -> Value:
        """What the expression may be worth."""

    @abstractmethod
    def elements(self, value: Value) -> Value:
        """What a loop over the value gives."""

    @abstractmethod
    def output(self, body: list[nodes.Node]) -> Value:
        """The text that statements write."""

    def _settle(self, tree: nodes.Template) -> None:
        givers: list[Any] = list(tree.find_all((*self._GIVERS,)))
        for _ in range(_ROUNDS):
            before = dict(self.names)
            for node in givers:
                self._GIVERS[type(node)](self, node)
            self._seen.clear()
            if before == self.names:
                return
        # Still growing, as a text in a loop does: its pieces are known, its end is not.
        for name, value in self.names.items():
            if value != before.get(name):
                self.names[name] = value | opened(value)
        self._seen.clear()

    def _give(self, name: str, value: Value) -> None:
        self.names[name] = self.names.get(name, DATA) | value

    def _give_target(self, target: nodes.Node, value: Value, source: nodes.Node | None) -> None:
        if isinstance(target, nodes.NSRef):
            self._give(f"{target.name}.{target.attr}", value)
        elif isinstance(target, nodes.Name):
            self._give(target.name, value)
            self._give_namespace(target.name, source)
        elif isinstance(target, nodes.Tuple | nodes.List):
            for part in target.items:
                self._give_target(part, self.elements(value), None)

    def _give_namespace(self, name: str, source: nodes.Node | None) -> None:
        if isinstance(source, nodes.Call) and isinstance(source.node, nodes.Name):
            for keyword in source.kwargs:
                self._give(f"{name}.{keyword.key}", self.value(keyword.value))

    def _assign(self, node: nodes.Assign) -> None:
        self._give_target(node.target, self.value(node.node), node.node)

    def _assign_block(self, node: nodes.AssignBlock) -> None:
        self._give_target(node.target, self.output(node.body), None)

    def _loop(self, node: nodes.For) -> None:
        self._give_target(node.target, self.elements(self.value(node.iter)), None)

    def _with(self, node: nodes.With) -> None:
        for target, value in zip(node.targets, node.values, strict=True):
            self._give_target(target, self.value(value), value)

    def _macro(self, node: nodes.Macro | nodes.CallBlock) -> None:
        for argument, default in zip(reversed(node.args), reversed(node.defaults), strict=False):
            self._give(argument.name, self.value(default))

    def _call(self, node: nodes.Call) -> None:
        """What macros are given, and what grows by a method."""
        target = node.node
        given = [self.value(argument) for argument in node.args]
        if isinstance(target, nodes.Name) and (macro := self.macros.get(target.name)):
            for argument, value in zip(macro.args, given, strict=False):
                self._give(argument.name, value)
            for keyword in node.kwargs:
                self._give(keyword.key, self.value(keyword.value))
        elif (
            isinstance(target, nodes.Getattr)
            and target.attr in _GROWING
            and isinstance(target.node, nodes.Name)
        ):
            named = [self.value(keyword.value) for keyword in node.kwargs]
            self._give(target.node.name, opened(*given, *named))

    _GIVERS: ClassVar[dict[type, Any]] = {
        nodes.Assign: _assign,
        nodes.AssignBlock: _assign_block,
        nodes.For: _loop,
        nodes.With: _with,
        nodes.Macro: _macro,
        nodes.CallBlock: _macro,
        nodes.Call: _call,
    }
