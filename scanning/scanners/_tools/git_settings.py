"""What git would run or fetch by the settings, hooks and attributes that lie in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanning.scanners.base import Finding, Severity

_RUNS = re.compile(
    r"^\s*(?:fsmonitor|sshcommand|hookspath|pager|editor|askpass|smudge|clean|process|textconv|external"
    r"|gitproxy|helper|program|command|uploadpack|receivepack|update)\s*=\s*(\S.*)",
    re.IGNORECASE | re.MULTILINE,
)
_ALIAS = re.compile(r"^\s*[\w-]+\s*=\s*[\"']?(![^\n]*)", re.MULTILINE)
_TRANSPORT = re.compile(
    r"^\s*(?:push)?url\s*=\s*[\"']?((?:ext|fd)::[^\n]*|-[^\n]*)", re.MULTILINE | re.IGNORECASE
)
_HARMLESS = re.compile(
    r"\A[\"']?(?:false|true|no|yes|git-lfs (?:smudge|clean|filter-process)[^;&|]*|cat|less|checkout"
    r"|rebase|merge|none|store|cache|osxkeychain|manager(?:-core)?)[\"']?\s*\Z"
)
_FILTER = re.compile(r"\b(?:filter|diff|merge)=([\w.-]+)")
_KNOWN_FILTERS = frozenset({"lfs", "text", "union", "binary", "ours", "python", "markdown", "html"})
_TOLD_FILTERS = frozenset(
    {"nbstripout", "git-crypt", "annex", "jupyternotebook", "nbdime", "ipynb"}
)
_OTHER_STORE = re.compile(r"^\s*(?:push)?url\s*=\s*(\S+)", re.MULTILINE | re.IGNORECASE)
_MAX_FOUND = 20


def settings_findings(text: str) -> Iterator[Finding]:
    """A configuration, or the list of modules."""
    found = [match[1] for match in _RUNS.finditer(text) if not _HARMLESS.match(match[1])]
    found += [match[1] for pattern in (_ALIAS, _TRANSPORT) for match in pattern.finditer(text)]
    for one in dict.fromkeys(found[:_MAX_FOUND]):
        message = "has a command that git runs in the folder"
        yield Finding("tool_command", Severity.HIGH, message, one[:200])


def attributes_findings(text: str) -> Iterator[Finding]:
    for name in dict.fromkeys(_FILTER.findall(text)):
        if name not in _KNOWN_FILTERS:
            severity = Severity.LOW if name in _TOLD_FILTERS else Severity.MEDIUM
            message = "passes files through a program that the reader's git knows by this name"
            yield Finding("tool_command", severity, message, name[:200])


def store_findings(text: str) -> Iterator[Finding]:
    for url in _OTHER_STORE.findall(text)[:_MAX_FOUND]:
        message = "has git fetch its large files from elsewhere"
        yield Finding("package_source", Severity.MEDIUM, message, url[:200])
