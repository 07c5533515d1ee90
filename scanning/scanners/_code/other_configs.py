"""Configuration in languages of its own: gin, jsonnet, and spaCy's sections.

Formats: https://github.com/google/gin-config, https://jsonnet.org/ref/stdlib.html,
https://spacy.io/usage/training#config
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from scanning.scanners._code.expressions import evaluated
from scanning.scanners._code.server_keys import called_findings, registered_findings
from scanning.scanners._code.shell import shell_findings
from scanning.scanners._code.targets import is_target_dangerous, target_findings
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import Finding, Rule, Severity

OTHER_RULES = {
    "remote_code_elsewhere": Rule(
        "Names code of another repository", "https://cwe.mitre.org/data/definitions/494.html"
    ),
    "remote_code": Rule(
        "Names code of its repository", "https://cwe.mitre.org/data/definitions/829.html"
    ),
}
_GIN_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+([\w.]+)|from[ \t]+([\w.]+)[ \t]+import[ \t]+(\w+))", re.MULTILINE
)
_GIN_CALL = re.compile(r"@(?:[\w/]{0,200}/)?([A-Za-z_][\w.]{0,200})")
_GIN_BOUND = re.compile(
    r"^[ \t]*(?:[\w/]{0,200}/)?([A-Za-z_][\w.]{0,200})\.\w{1,100}[ \t]*=", re.MULTILINE
)
_GIN_INCLUDE = re.compile(r"^[ \t]*include[ \t]+[\"']([^\"'\n]{1,500})", re.MULTILINE)
_JSONNET_IMPORT = re.compile(r"\bimport(?:str|bin)?\s*@?[\"']([^\"'\n]{1,500})")
_JSONNET_TARGET = re.compile(
    r"[\"']?(?:_target_|class_path|type|target|func|function|callable)[\"']?\s*:{1,3}\s*[\"']([\w.:]+)[\"']"
)
_STD_JOIN = re.compile(
    r"std\.(?:join\(\s*[\"']\.?[\"']\s*,\s*|format\(\s*[\"'](?:%s\.?){2,9}[\"']\s*,\s*)"
    r"\[([^\]\n]{1,300})\]\s*\)"
)
_STD_BASE64 = re.compile(r"std\.base64Decode\(\s*[\"']([A-Za-z0-9+/=]{4,400})[\"']\s*\)")
_ALLEN_TYPE = re.compile(r"[\"']?\btype[\"']?\s*:\s*[\"']([\w.:-]+)[\"']")
_JOINED = re.compile(r"[\"']\s*\+\s*[\"']")
_LOCAL = re.compile(r"\b(?:local\s+|,\s*)(\w+)\s*=\s*[\"']([\w.]{1,200})[\"']")
_MOST_LOCALS = 200
_NATIVE = re.compile(r"\bstd\.native\s*\(\s*[\"']([^\"'\n]{1,200})")
_CFG_VALUE = re.compile(
    r"(?<![\w.@])(@?[A-Za-z_][\w.]{0,99})[\"']?[ \t]{0,40}[=:][ \t]{0,40}"
    r"[\"']([^\"'\n]{1,500})[\"']"
)
# What `logging.config.fileConfig` evaluates as Python.
_LOGGING = re.compile(r"^\[(?:handler|formatter)_[^\]\n]{1,200}\][^\[]{0,10000}", re.MULTILINE)
_LOGGING_VALUE = re.compile(r"^(?:class|args|kwargs)[ \t]{0,40}[=:]([^\n]{1,5000})", re.MULTILINE)
# HOCON, whose texts need no quotes: https://github.com/lightbend/config/blob/main/HOCON.md
_INCLUDED = re.compile(
    r"^[ \t]*include[ \t]{1,40}(?:required\()?[ \t]{0,40}(url|file|classpath)\([ \t]{0,40}"
    r"[\"']([^\"'\n]{1,500})",
    re.MULTILINE,
)
_HOCON_TARGET = re.compile(
    r"[\"']?(?<![\w.])(_target_|__target__|class_path)[\"']?[ \t]{0,40}[=:][ \t]{0,40}"
    r"[\"']?([\w.:]{1,200})"
)
_REGISTERED = re.compile(
    r"(?:(?:spacy|spacy-\w+|spacy_\w+|spacy_llm|thinc|srsly|span_finder|textcat|ml_datasets)\.)?[\w-]+\.v\d+\Z"
)


def gin_findings(text: str) -> Iterator[Finding]:
    """With dynamic registration, it imports what it names and calls any function there."""
    for match in _GIN_IMPORT.finditer(text):
        module = match[1] or f"{match[2]}.{match[3]}"
        if is_target_dangerous(module, "x") or is_target_dangerous(match[2] or "", match[3] or ""):
            message = f"imports {module}, which can run anything"
            yield Finding("config_target", Severity.HIGH, message, match[0].strip()[:200])
    for pattern in (_GIN_CALL, _GIN_BOUND):
        for match in pattern.finditer(text):
            yield from target_findings(match[1], match[0].strip()[:100])
    for match in _GIN_INCLUDE.finditer(text):
        yield from _path(match[1], "include")


def jsonnet_findings(text: str) -> Iterator[Finding]:
    """Its own functions compute only; imports read files, and values are for who reads them."""
    text = _STD_JOIN.sub(_joined_names, _STD_BASE64.sub(_from_base64, _with_locals(text)))
    text = _JOINED.sub("", text)
    if "dataset_reader" in text:
        for match in _ALLEN_TYPE.finditer(text):
            yield from registered_findings(match[1], "type")
    for match in _JSONNET_IMPORT.finditer(text):
        yield from _path(match[1], "import")
    for match in _JSONNET_TARGET.finditer(text):
        yield from target_findings(match[1], "jsonnet")
        yield from called_findings(match[1], "jsonnet")
    for match in _NATIVE.finditer(text):
        message = "calls a function that only its reader knows"
        yield Finding("remote_code", Severity.LOW, message, match[1], "std.native")


def _joined_names(match: re.Match[str]) -> str:
    parts = re.findall(r"[\"']([\w.]{1,200})[\"']", match[1])
    between = "." if "." in match[0].partition("[")[0].partition("(")[2] else ""
    return f'"{between.join(parts)}"'


def _from_base64(match: re.Match[str]) -> str:
    try:
        return f'"{base64.b64decode(match[1]).decode()}"'
    except ValueError:
        return match[0]


def _with_locals(text: str) -> str:
    """Names of constant texts in the place of which their text could stand."""
    known = {match[1]: match[2] for match in list(_LOCAL.finditer(text))[:_MOST_LOCALS]}
    if not known:
        return text
    names = re.compile(
        rf"(?<![\w.\"'])(?:{'|'.join(known)})(?=\s*\+)|(?<=\+ )(?:{'|'.join(known)})\b"
    )
    return names.sub(lambda found: f'"{known[found[0]]}"', text)


def sections_findings(text: str) -> Iterator[Finding]:
    for section in _LOGGING.finditer(text):
        for match in _LOGGING_VALUE.finditer(section[0]):
            yield from evaluated(match[1], "logging")
    for match in _CFG_VALUE.finditer(text):
        key, value = match[1], match[2]
        if key.startswith("@") or key in {"factory", "cls", "class", "callable", "target"}:
            yield from called_findings(value, key)
            yield from target_findings(value, key)
        if key.startswith("@") and not _REGISTERED.match(value):
            message = "needs a function that code of its own registers"
            yield Finding("remote_code", Severity.LOW, message, value[:200], key)
    yield from _hocon_findings(text)
    for found in shell_findings(text):
        yield Finding("script_danger", Severity.MEDIUM, found.message, found.evidence)


def _hocon_findings(text: str) -> Iterator[Finding]:
    for match in _INCLUDED.finditer(text):
        if match[1] == "url":
            message = "takes a part of itself from another machine"
            yield Finding("remote_code_elsewhere", Severity.MEDIUM, message, match[2], "include")
        elif match[1] == "file":
            yield from _path(match[2], "include")
    for match in _HOCON_TARGET.finditer(text):
        yield from target_findings(match[2], match[1])


def _path(path: str, key: str) -> Iterator[Finding]:
    """Parent folders are where such files lie; elsewhere is another matter."""
    if leads_away(path.replace("../", "").replace("..\\", "")):
        message = "reads a file outside of its folder"
        yield Finding("config_path", Severity.HIGH, message, path[:200], key)
