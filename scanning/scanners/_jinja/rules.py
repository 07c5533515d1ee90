"""Look through the tree of a template for what reaches out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from jinja2 import nodes

from scanning.scanners._jinja.evaluate import Evaluator
from scanning.scanners._jinja.names import (
    DANGEROUS_CALLS,
    DANGEROUS_OBJECTS,
    HELPERS,
    WEB_OBJECTS,
    judge_format,
    judge_name,
    judge_pieces,
    names_internal,
)
from scanning.scanners._jinja.values import Value
from scanning.scanners.base import Finding, Severity

_BY_ATTRIBUTE = frozenset({"map", "selectattr", "rejectattr", "groupby", "sort", "sum", "unique",
                           "min", "max", "join", "select", "reject"})  # fmt: skip
_FIRST_IS_NAME = frozenset({"selectattr", "rejectattr", "groupby"})
_LONG_LOOP = 10_000_000
_DEEP_POWER = 10_000

_ESCAPE = "template_escape"
_REACH = "is a template that reaches for Python's internals"


class Examination:
    """Findings about one parsed template; `location` says where in the file it stands."""

    def __init__(self, tree: nodes.Template, location: str) -> None:
        self.location = location
        self.findings: dict[tuple[str, str], Finding] = {}
        self._evaluator = Evaluator(tree)
        self._called: set[int] = set()
        self._assigned = _assigned(tree)
        for node in _every(tree):
            self._look(node)

    def _add(
        self, rule: str, severity: Severity, message: str, node: nodes.Node, word: str
    ) -> None:
        evidence = f"line {node.lineno}: {word}"[:200]
        finding = Finding(rule, severity, message, evidence, self.location)
        self.findings.setdefault((rule, word), finding)

    def _escape(self, severity: Severity | None, node: nodes.Node, word: str) -> None:
        if severity is not None:
            rule = _ESCAPE if severity is Severity.HIGH else "template_hidden_name"
            message = (
                _REACH if severity is Severity.HIGH else "is a template that uses hidden names"
            )
            self._add(rule, severity, message, node, word)

    def _look(self, node: nodes.Node) -> None:
        check = self._CHECKS.get(type(node))
        if check is not None:
            check(self, node)
        if isinstance(node, nodes.Expr):
            for word in self._evaluator.value(node).words():
                if names_internal(word):
                    self._escape(Severity.HIGH, node, word)

    def _attribute(self, node: nodes.Getattr) -> None:
        self._escape(judge_name(node.attr, is_attribute=True), node, f".{node.attr}")
        owner = node.node
        if isinstance(owner, nodes.Name) and owner.name not in self._assigned:
            self._helper_attribute(owner.name, node)

    def _helper_attribute(self, name: str, node: nodes.Getattr) -> None:
        word = f"{name}.{node.attr}"
        if name in DANGEROUS_OBJECTS:
            self._escape(Severity.HIGH, node, word)
        elif name in HELPERS and node.attr not in HELPERS[name]:
            message = "is a template that looks inside Jinja's own objects"
            self._add("template_helper", Severity.MEDIUM, message, node, word)
        elif name in WEB_OBJECTS:
            message = "is a template that looks for objects of a web server"
            self._add("template_helper", Severity.MEDIUM, message, node, word)

    def _item(self, node: nodes.Getitem) -> None:
        if not isinstance(node.arg, nodes.Slice):
            self._name_value(self._evaluator.value(node.arg), node, is_attribute=False)

    def _name_value(self, key: Value, node: nodes.Node, *, is_attribute: bool) -> None:
        """A name that is computed."""
        for word in key.words():
            self._escape(judge_name(word, is_attribute=is_attribute), node, f"[{word!r}]")
        if key.is_open and judge_pieces(key.fragments):
            message = "is a template that puts a hidden name together"
            pieces = ", ".join(sorted(key.fragments)[:5])
            self._add("template_computed_name", Severity.MEDIUM, message, node, pieces)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name == "attr":
            self._attr(node, node.args)
        elif node.name == "format":
            return
        elif node.name in _BY_ATTRIBUTE:
            self._by_attribute(node)

    def _attr(self, node: nodes.Filter, arguments: list[nodes.Expr]) -> None:
        names = [*arguments, *(keyword.value for keyword in node.kwargs)]
        for name in names:
            key = self._evaluator.value(name)
            self._name_value(key, node, is_attribute=True)
            if key.is_open or not key.constants:
                message = "is a template that reads an attribute whose name it computes"
                self._add("template_computed_name", Severity.MEDIUM, message, node, "attr")
            else:
                message = "is a template that reads attributes by a filter"
                self._add("template_attr_filter", Severity.LOW, message, node, "attr")

    def _by_attribute(self, node: nodes.Filter) -> None:
        first = node.args[0] if node.args else None
        if first is not None and node.name == "map":
            words = set(self._evaluator.value(first).words())
            if "attr" in words:
                self._attr(node, node.args[1:])
            if "format" in words:
                self._formats(node, self._evaluator.value(node.node) if node.node else Value())
        names = [one.value for one in node.kwargs if one.key == "attribute"]
        if first is not None and node.name in _FIRST_IS_NAME:
            names.append(first)
        for name in names:
            self._name_value(self._evaluator.value(name), node, is_attribute=True)

    def _call(self, node: nodes.Call) -> None:
        target = node.node
        for keyword in node.kwargs:
            if names_internal(keyword.key):
                self._escape(Severity.HIGH, node, keyword.key)
        if isinstance(target, nodes.Getattr) and target.attr in {"format", "format_map"}:
            self._formats(node, self._evaluator.value(target.node))
        elif isinstance(target, nodes.Name) and target.name not in self._assigned:
            self._free_call(target.name, node)

    def _formats(self, node: nodes.Node, template: Value) -> None:
        for word in template.words():
            severity = judge_format(word)
            if severity is Severity.HIGH:
                self._escape(severity, node, word)
            elif severity is not None:
                message = "is a template that formats with attributes of its values"
                self._add("template_format", severity, message, node, word)
        if template.is_open:
            message = "is a template that formats with a text it computes"
            self._add("template_format", Severity.MEDIUM, message, node, "format")

    def _free_call(self, name: str, node: nodes.Call) -> None:
        if name == "range":
            self._range(node)
        elif name in DANGEROUS_CALLS or name in DANGEROUS_OBJECTS:
            self._escape(Severity.HIGH, node, f"{name}()")

    def _range(self, node: nodes.Call) -> None:
        for argument in node.args:
            known = self._evaluator.value(argument).constants
            if any(isinstance(one, int) and abs(one) > _LONG_LOOP for one in known):
                self._exhausts(node, "range")

    def _exhausts(self, node: nodes.Node, word: str) -> None:
        message = "is a template that would keep its reader busy for very long"
        self._add("template_exhausts", Severity.MEDIUM, message, node, word)

    def _power(self, node: nodes.Pow) -> None:
        known = self._evaluator.value(node.right).constants
        bases = self._evaluator.value(node.left).constants
        large = any(
            isinstance(base, int) and isinstance(one, int)
            and one * base.bit_length() > _LONG_LOOP.bit_length()
            for base in bases for one in known
        )  # fmt: skip
        nested = isinstance(node.left, nodes.Pow) or isinstance(node.right, nodes.Pow)
        deep = any(isinstance(one, int | float) and one > _DEEP_POWER for one in known)
        if nested or large or deep:
            self._exhausts(node, "**")

    def _repeat(self, node: nodes.Mul) -> None:
        for side in (node.left, node.right):
            known = self._evaluator.value(side).constants
            if any(isinstance(one, int) and abs(one) > _LONG_LOOP for one in known):
                self._exhausts(node, "*")

    def _free_name(self, node: nodes.Name) -> None:
        if node.ctx != "load" or node.name in self._assigned:
            return
        if judge_name(node.name, is_attribute=True) is Severity.HIGH:
            self._escape(Severity.HIGH, node, node.name)
        elif node.name in {"self", "lipsum"}:
            message = "is a template that uses an object of Jinja's own"
            self._add("template_helper", Severity.MEDIUM, message, node, node.name)

    def _other_template(self, node: nodes.Node) -> None:
        message = "is a template that asks for other templates"
        self._add("template_loads", Severity.MEDIUM, message, node, type(node).__name__.lower())

    _CHECKS: ClassVar[dict[type, Any]] = {
        nodes.Getattr: _attribute,
        nodes.Getitem: _item,
        nodes.Filter: _filter,
        nodes.Call: _call,
        nodes.Name: _free_name,
        nodes.Pow: _power,
        nodes.Mul: _repeat,
        nodes.Include: _other_template,
        nodes.Import: _other_template,
        nodes.FromImport: _other_template,
        nodes.Extends: _other_template,
    }


def _every(tree: nodes.Template) -> Iterator[nodes.Node]:
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending += node.iter_child_nodes()


def _assigned(tree: nodes.Template) -> frozenset[str]:
    """Names that the template itself gives a value: they hide what a reader has under them."""
    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx in {"store", "param"}}
    return frozenset(names | {macro.name for macro in tree.find_all(nodes.Macro)})
