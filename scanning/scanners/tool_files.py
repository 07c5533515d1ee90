"""Files that a tool acts on by their name: git, pip, make, Docker, a shell, a server of models.

No loader of a model reads them; whoever builds, installs, serves or just enters the folder does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from scanning.scanners._code.rules import CODE_RULES
from scanning.scanners._code.shell import shell_findings
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tools.git_settings import (
    attributes_findings,
    settings_findings,
    store_findings,
)
from scanning.scanners._tools.packages import PACKAGE_RULES, package_findings
from scanning.scanners._tools.roles import Role, role_of
from scanning.scanners.base import (
    Canary,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_MOST = 8 << 20
_CWE = "https://cwe.mitre.org/data/definitions/{}.html"
_INSTALLERS = re.compile(
    r"https://(?:astral\.sh/|sh\.rustup\.rs|get\.docker\.com|deb\.nodesource\.com/|ollama\.com/|"
    r"install\.python-poetry\.org|packagecloud\.io/install/repositories/github/)"
)
_PYTHON_BACKEND = re.compile(r"\bbackend\s*:\s*\"python\"")
_LIBRARY = re.compile(r"\bop_library_filename\s*:\s*\"([^\"]{0,300})")
_ENVIRONMENT = re.compile(
    r"\bEXECUTION_ENV_PATH\b.{0,80}?string_value\s*:\s*\"([^\"]{0,300})", re.DOTALL
)


@scanners.register
class ToolFiles(Scanner):
    """Unsafe where git would run something, suspicious for sources of packages and for commands."""

    slug = "tool_files"
    title = "Files that tools act on"
    understands_formats = False
    rules = {
        **PACKAGE_RULES,
        "tool_command": Rule("A tool runs a command in the folder", _CWE.format(78)),
        "server_code": Rule("A server runs code of the repository", _CWE.format(829)),
        "script_danger": CODE_RULES["script_danger"],
        "startup_code": CODE_RULES["startup_code"],
    }

    @property
    def engine(self) -> str:
        return "tool_files/1"

    def canary(self) -> Canary:
        return Canary(".gitmodules", b'[submodule "x"]\n\turl = ext::sh -c true\n')

    def variant(self, name: PurePath) -> str:
        return str(role_of(name))

    def handles(self, path: PurePath, head: bytes) -> bool:
        return role_of(path) is not Role.NONE and sniff(head) is Kind.TEXT

    def scan(self, path: Path, name: PurePath) -> Report:
        size = path.stat().st_size
        if size > _MOST:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        text = path.read_text("utf-8", errors="replace")
        return conclude(_JUDGES[role_of(name)](text), covered_bytes=size)


def _packages(text: str) -> Iterator[Finding]:
    yield from package_findings(text)
    yield from _recipe(text)


def _recipe(text: str) -> Iterator[Finding]:
    """A person starts it, and installers of good repute are fetched just so."""
    for found in shell_findings(text):
        is_known = bool(_INSTALLERS.search(found.evidence))
        yield replace(found, severity=Severity.LOW if is_known else Severity.MEDIUM)


def _startup(text: str) -> Iterator[Finding]:
    message = "runs when a shell, an interpreter or an editor starts in its folder"
    yield Finding("startup_code", Severity.MEDIUM, message, text[:120])
    yield from shell_findings(text)


def _hook(text: str) -> Iterator[Finding]:
    yield Finding("tool_command", Severity.HIGH, "is run by git in the folder", text[:120])


def _hook_at_hand(text: str) -> Iterator[Finding]:
    message = "is run by git once it is told to look here"
    yield Finding("tool_command", Severity.MEDIUM, message, text[:120])


def _launcher(text: str) -> Iterator[Finding]:
    message = "starts a program for who opens or enables it"
    yield Finding("tool_command", Severity.MEDIUM, message, text[:120])


def _triton(text: str) -> Iterator[Finding]:
    if _PYTHON_BACKEND.search(text):
        message = "has Triton run the Python beside it"
        yield Finding("server_code", Severity.MEDIUM, message, 'backend: "python"')
    for pattern in (_LIBRARY, _ENVIRONMENT):
        if match := pattern.search(text):
            message = "has Triton load machine code or an environment of its own"
            yield Finding("server_code", Severity.MEDIUM, message, match[1])


_JUDGES = {
    Role.PACKAGES: _packages,
    Role.RECIPE: _recipe,
    Role.STARTUP: _startup,
    Role.HOOK: _hook,
    Role.HOOK_AT_HAND: _hook_at_hand,
    Role.GIT_SETTINGS: settings_findings,
    Role.GIT_ATTRIBUTES: attributes_findings,
    Role.GIT_STORE: store_findings,
    Role.LAUNCHER: _launcher,
    Role.TRITON: _triton,
}
