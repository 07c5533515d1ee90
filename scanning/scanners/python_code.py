"""Follow the Python of a repository: modules, notebooks, start-up files, build settings.

The source is parsed, never compiled or imported. What it does and when it runs decide: a program
that is started on import or in use is unsafe, one that a person must start by hand is suspicious,
and what modelling code needs is said and lets the file be clean.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePath

from scanning.scanners._code.notebook import Cell, active_outputs, cells
from scanning.scanners._code.rules import CODE_RULES
from scanning.scanners._code.shell import shell_findings
from scanning.scanners._code.source import MAX_SOURCE, findings_of, hidden_direction
from scanning.scanners._jinja.parse import RULES as TEMPLATE_RULES
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tools.packages import PACKAGE_RULES, package_findings
from scanning.scanners.base import (
    HEAD_BYTES,
    Canary,
    Coverage,
    Finding,
    Report,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_PYTHON = frozenset({".py", ".pyw", ".pyi", ".pyt"})
_SHEBANG = re.compile(rb"\A#![^\n]*\bpython[\d.]*\b")
_COOKIE = re.compile(rb"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_PLAIN_ENCODINGS_WORDS = """
utf-8 utf8 utf_8 utf-8-sig ascii us-ascii latin-1 latin1 iso-8859-1 iso-8859-15 cp1252 gbk
gb2312 euc-jp euc-kr shift_jis big5 koi8-r cp1251 utf-8-unix
"""
_PLAIN_ENCODINGS = frozenset(_PLAIN_ENCODINGS_WORDS.split())
_MAX_NOTEBOOK = 64 << 20
_RUNNING_MAGICS = frozenset({"run", "load", "loadpy", "edit", "recall"})
_LOADING_MAGICS = frozenset({"load_ext", "reload_ext"})
_KNOWN_MAGICS_WORDS = """
autoreload tensorboard cython Cython line_profiler memory_profiler sql google wandb watermark dotenv
rpy2 ipython_unittest jupyter_black nb_black lab_black blackcellmagic autotime autoviz snakeviz cudf
jupyter_ai jupysql duckdb bigquery nbproxy pyinstrument scalene heat ipytest nvcc_plugin storemagic
"""
_KNOWN_MAGICS = frozenset(_KNOWN_MAGICS_WORDS.split())
_INSTALLERS = frozenset({"pip", "conda", "mamba", "uv", "micromamba"})
_INSTALLS = re.compile(
    r"\b(?:pip3?|conda|mamba|uv|micromamba)\b[^\n]{0,200}\b(?:install|add|create)\b"
)
_CHANNEL = re.compile(r"\s(?:-c|--channel)[ =](?=https?://\S+)(?!\S+\.txt\b)")
_REMOTE = re.compile(r"\b(?:https?|ftp)://\S+", re.IGNORECASE)
_START_UP = re.compile(r"^import[ \t]", re.MULTILINE)


@scanners.register
class PythonCode(Scanner):
    """Unsafe where loading the model would start something, clean for ordinary modelling code."""

    slug = "python_code"
    title = "Python code"
    rules = {**CODE_RULES, **TEMPLATE_RULES, **PACKAGE_RULES}

    @property
    def engine(self) -> str:
        return "python_code/7"

    def canary(self) -> Canary:
        return Canary("canary.py", b"import os as o\ngetattr(o, 'sys' + 'tem')('true')\n")

    def variant(self, name: PurePath) -> str:
        """A role by the name; other names are only ours by their first line."""
        role = _role(name)
        return role if role != "module" or name.suffix.lower() in _PYTHON else "by first line"

    def handles(self, path: PurePath, head: bytes) -> bool:
        """By the name that loaders and people go by, or the first line; never what is no text."""
        if sniff(head) is not Kind.TEXT:
            return path.suffix.lower() in _PYTHON and bool(head)
        return _role(path) != "module" or path.suffix.lower() in _PYTHON or _is_python(head)

    def scan(self, path: Path, name: PurePath) -> Report:
        role, size = _role(name), path.stat().st_size
        if size > (_MAX_NOTEBOOK if role == "notebook" else MAX_SOURCE):
            return Report.incomplete("more code than is read", Coverage.PARTIAL)
        data = path.read_bytes()
        findings: list[Finding] = []
        gaps: list[str] = []
        try:
            findings += _encoding(data)
            for one in _ROLES[role](data, gaps):
                findings.append(one)
        except (SyntaxError, ValueError) as error:
            gaps.append(f"cannot be read as Python: {error}"[:300])
        except RecursionError:
            gaps.append("nested deeper than is followed")
        return conclude(findings, gaps, covered_bytes=0 if gaps else size)


def _is_python(head: bytes) -> bool:
    return bool(_SHEBANG.match(head[:HEAD_BYTES]))


def _role(name: PurePath) -> str:
    suffix = name.suffix.lower()
    if suffix == ".ipynb":
        return "notebook"
    if suffix == ".pth":
        return "startup"
    return "build" if name.name.lower() == "pyproject.toml" else "module"


def _encoding(data: bytes) -> Iterator[Finding]:
    match = _COOKIE.match(data[:HEAD_BYTES])
    if match and match[1].decode().lower() not in _PLAIN_ENCODINGS:
        message = "is code in an encoding that readers do not see through"
        yield Finding("python_encoding", Severity.HIGH, message, match[1].decode()[:60])


def _module(data: bytes, gaps: list[str]) -> Iterator[Finding]:
    if hidden := hidden_direction(data.decode("utf-8", "replace")):
        yield hidden
    yield from findings_of(data)


def _notebook(data: bytes, gaps: list[str]) -> Iterator[Finding]:
    for cell in cells(data.decode()):
        yield from _cell(cell, gaps)
    for where in dict.fromkeys(active_outputs(data.decode())):
        message = "keeps an output with a script, which runs where the notebook is trusted"
        yield Finding("active_content", Severity.LOW, message, location=where)


def _cell(cell: Cell, gaps: list[str]) -> Iterator[Finding]:
    for one in shell_findings(cell.shell, cell.where):
        yield Finding(one.rule, Severity.MEDIUM, one.message, one.evidence, cell.where)
    yield from _fetched(cell)
    if cell.foreign and cell.shell.strip():
        message = f"is for {cell.foreign}, which is not followed"
        yield Finding("script", Severity.MEDIUM, message, cell.shell[:160], cell.where)
    if cell.is_active:
        severity = Severity.MEDIUM if cell.is_sending else Severity.LOW
        message = "gives a script to the browser"
        yield Finding("active_content", severity, message, location=cell.where)
    try:
        yield from findings_of(cell.python, cell.where, by_hand=True)
    except SyntaxError as error:
        gaps.append(f"{cell.where} cannot be read as Python: {error}"[:200])


def _fetched(cell: Cell) -> Iterator[Finding]:
    """What a cell brings from elsewhere: a person runs it, who sees less than what comes."""
    lines = cell.shell.splitlines()
    for name, rest in cell.magics:
        if name in _RUNNING_MAGICS and (match := _REMOTE.search(rest)):
            message = "runs what it fetches"
            yield Finding("script_danger", Severity.MEDIUM, message, match[0][:160], cell.where)
        elif name in _LOADING_MAGICS and rest.split()[0].partition(".")[0] not in _KNOWN_MAGICS:
            message = "loads an extension, which runs at once"
            evidence = f"%{name} {rest}"[:160]
            yield Finding("notebook_extension", Severity.LOW, message, evidence, cell.where)
        elif name in _INSTALLERS:
            lines.append(f"{name} {rest}")
    for line in lines if not cell.foreign else ():
        if _INSTALLS.search(line):
            for one in package_findings(_CHANNEL.sub(" --index-url ", line)):
                yield Finding(one.rule, one.severity, one.message, line.strip()[:160], cell.where)


def _startup(data: bytes, gaps: list[str]) -> Iterator[Finding]:
    """A file of paths for site-packages: lines that begin with import run when Python starts."""
    for line in data.decode("utf-8", "replace").splitlines():
        if _START_UP.match(line):
            message = "runs when Python starts, once it lies among its packages"
            yield Finding("startup_code", Severity.HIGH, message, line[:160])


def _build(data: bytes, gaps: list[str]) -> Iterator[Finding]:
    system = tomllib.loads(data.decode()).get("build-system", {})
    if isinstance(system, dict) and system.get("backend-path"):
        message = "is built by code that it brings along"
        evidence = f"{system.get('build-backend', '')} in {system['backend-path']}"[:160]
        yield Finding("build_code", Severity.MEDIUM, message, evidence)


_ROLES = {"module": _module, "notebook": _notebook, "startup": _startup, "build": _build}
