"""Judge a command line that code starts: what is known of it, however it is put together."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from scanning.scanners._code.fold import Folder, Unknown
from scanning.scanners._code.names import Names
from scanning.scanners.base import Severity

# Tell about the machine, whatever their arguments.
_TELLING_WORDS = """
nvidia-smi rocm-smi rocminfo uname hostname lscpu which nproc sw_vers sysctl getconf
ldconfig free df
"""
_TELLING = frozenset(_TELLING_WORDS.split())
# Compilers and media tools that modelling code of good repute starts.
_TOOLS_WORDS = """
nvcc gcc g++ cc c++ clang clang++ cmake make ninja ffmpeg ffprobe sox espeak espeak-ng lame
git git-lfs nvidia-smi latexmk pdflatex dvipng tar unzip gzip
"""
_TOOLS = frozenset(_TOOLS_WORDS.split())
_READING_GIT = re.compile(r"git( -\S+)* (rev-parse|describe|log|status|show|diff|config --get)\b")
_CHAINED = re.compile(r"[;&|`<>\n]|\$\(")
_INSTALLS = re.compile(
    r"\b(pip3?|conda|mamba|uv|apt|apt-get|yum|npm|gem)\b.{0,300}\b(install|add)\b"
)
_MISUSED = re.compile(
    r"\b(curl|wget|nc|ncat|netcat|bash|sh|zsh|powershell|pwsh|cmd|python3?|perl|ruby|php|node|chmod"
    r"|crontab|sudo|ssh|scp|eval|exec|telnet|socat|mshta|certutil|bitsadmin|rundll32|regsvr32)\b"
    r"|/dev/tcp|--upload-pack|ext::",
    re.IGNORECASE,
)


def is_install(line: str) -> bool:
    return bool(_INSTALLS.search(line))


def severity_of(line: str) -> Severity:
    """Low for what only tells, medium for known tools, high for all else."""
    words = line.split()
    program = PurePosixPath(words[0]).name if words else ""
    if _CHAINED.search(line):
        return Severity.HIGH
    if program in _TELLING or _READING_GIT.match(line) or line.endswith(" --version"):
        return Severity.LOW if program in _TELLING | _TOOLS else Severity.HIGH
    if _MISUSED.search(line.removeprefix(words[0] if words else "")):
        return Severity.HIGH
    return Severity.MEDIUM if program in _TOOLS else Severity.HIGH


def known_commands(call: ast.Call, names: Names) -> list[str]:
    """Give each command it can be as far as it is constant, '' when not even the program is."""
    given = call.args[0] if call.args else _keyword(call, "args")
    if given is None:
        return [""]
    if known_program(call, names):
        given = ast.List([one for one in call.args if not isinstance(one, ast.Starred)])
    if isinstance(given, ast.Name) and given.id in names.bound:
        return [_words(one, names.folder) for one in names.bound[given.id]]
    return [_words(given, names.folder)]


def known_program(call: ast.Call, names: Names) -> bool:
    """Whether the program's arguments are arguments of their own (`create_subprocess_exec`)."""
    return (names.resolve(call.func) or "").endswith("subprocess_exec")


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _words(node: ast.expr, folder: Folder) -> str:
    node = _source(node, folder)
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(_beginning(one, folder) or "{}" for one in node.elts)
    return _beginning(node, folder)


def _beginning(node: ast.expr, folder: Folder) -> str:
    """Constant text with `{}` for each part that is computed; '' when it begins with such."""
    if (text := _constant(node, folder)) is not None:
        return text
    if isinstance(node, ast.JoinedStr):
        parts = [_constant(part, folder) for part in node.values]
        return "" if parts[0] is None else "".join("{}" if one is None else one for one in parts)
    if isinstance(node, ast.BinOp):
        left = _beginning(node.left, folder)
        right = _constant(node.right, folder)
        return left and left + ("{}" if right is None or isinstance(node.op, ast.Mod) else right)
    if _is_format(node):
        assert isinstance(node, ast.Call)  # noqa: S101 by `_is_format`
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 by `_is_format`
        text = _beginning(node.func.value, folder)
        return "" if text.startswith(("{", "%")) else text
    return ""


def _is_format(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "split", "strip"}
    )


def _constant(node: ast.expr, folder: Folder) -> str | None:
    if isinstance(node, ast.FormattedValue):
        node = node.value
    try:
        found = folder.value(node)
    except Unknown:
        return None
    if isinstance(found, list):
        return " ".join(map(str, found))
    return found.decode("latin-1") if isinstance(found, bytes) else str(found)


def _source(node: ast.expr, folder: Folder) -> ast.expr:
    """What a name that is bound once stands for."""
    if isinstance(node, ast.Name) and node.id in folder.constants:
        return folder.constants[node.id]
    if isinstance(node, ast.Call) and _is_format(node) and isinstance(node.func, ast.Attribute):
        return _source(node.func.value, folder) if isinstance(node.func.value, ast.Name) else node
    return node
