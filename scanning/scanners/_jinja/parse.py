"""Parse a template to its tree and examine that; nothing is compiled or rendered."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from scanning.scanners._jinja.rules import Examination
from scanning.scanners.base import Finding, Rule, Severity

MAX_TEMPLATE = 1024 * 1024
# For what cannot be parsed: other readers may be more lenient than Jinja.
_SUSPECT = re.compile(
    r"__\w+__|\|\s*attr\b|\b(cycler|joiner|lipsum|get_flashed_messages|url_for)\b|\\x5f|\\u005f"
    r"|\b(self|request|config)\s*\._|\b(mro|popen|func_globals|gi_frame|f_globals)\b",
    re.IGNORECASE,
)
_MARKS = ("{{", "{%", "{#")
_SSTI = "https://cwe.mitre.org/data/definitions/1336.html"
RULES = {
    "template_escape": Rule(
        "A template reaches for Python's internals",
        "https://nvd.nist.gov/vuln/detail/CVE-2024-34359",
    ),
    "template_hidden_name": Rule("A template uses hidden names", _SSTI),
    "template_helper": Rule("A template looks inside objects of its renderer", _SSTI),
    "template_computed_name": Rule("A template computes the name of an attribute", _SSTI),
    "template_attr_filter": Rule("A template reads attributes by a filter", _SSTI),
    "template_format": Rule(
        "A template formats text with attributes",
        "https://nvd.nist.gov/vuln/detail/CVE-2024-56326",
    ),
    "template_exhausts": Rule(
        "A template would not end", "https://cwe.mitre.org/data/definitions/400.html"
    ),
    "template_loads": Rule("A template asks for other templates", _SSTI),
    "template_invalid": Rule("A chat template is no Jinja template", _SSTI),
    "template_too_long": Rule("A template is longer than is parsed", _SSTI),
}


class _Generation(Extension):
    """{% generation %}…{% endgeneration %}, which marks what a model says in training."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


@cache
def _environment() -> Environment:
    extensions: list[str | type[Extension]] = [
        "jinja2.ext.do",
        "jinja2.ext.loopcontrols",
        "jinja2.ext.i18n",
        _Generation,
    ]
    return Environment(extensions=extensions)  # noqa: S701 only parses


def is_template(text: str) -> bool:
    return any(mark in text for mark in _MARKS)


def template_findings(text: str, location: str = "", *, certain: bool = True) -> list[Finding]:
    """What a template reaches for. `certain`: it is one, so that a fault in it is told."""
    if not is_template(text):
        return []
    if len(text) > MAX_TEMPLATE:
        message = "is a longer template than is parsed"
        return [Finding("template_too_long", Severity.MEDIUM, message, f"{len(text)}", location)]
    try:
        tree = _environment().parse(text)
        return list(Examination(tree, location).findings.values())
    except TemplateError as error:
        return unparsed_findings(text, location, str(error), certain=certain)
    except RecursionError:
        return unparsed_findings(text, location, "nested too deeply", certain=True)


def unparsed_findings(text: str, location: str, why: str, *, certain: bool) -> list[Finding]:
    """What can be told of a text that is not parsed: words that only an escape needs."""
    findings = []
    if match := _SUSPECT.search(text):
        around = text[max(0, match.start() - 20) : match.end() + 40]
        message = "is a template that reaches for Python's internals"
        findings.append(Finding("template_escape", Severity.HIGH, message, around, location))
    if certain:
        message = "is no template that Jinja can read"
        finding = Finding("template_invalid", Severity.MEDIUM, message, why[:200], location)
        findings.append(finding)
    return findings
