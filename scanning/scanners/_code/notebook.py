"""The Python of a notebook, of any version: its code cells, with what is for the shell apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SCRIPT = re.compile(
    r"<script\b|\bon(?:load|error|click|focus|begin|mouseover)\s*=|javascript:|<foreignObject\b",
    re.IGNORECASE,
)
_SOURCES = ("source", "input", "code")  # versions 4, 3 and 2, 1
_OUTPUT_KINDS = frozenset({"html", "javascript", "svg"})  # keys of their own up to version 3
_CELL = re.compile(r"\s*%%(\w+|!)[ \t]*([^\n]*)\n?")
_PYTHON_CELLS = frozenset({"python", "python2", "python3", "pypy", "prun", "time", "timeit"})
_MEASURED_CELLS = frozenset({"prun", "time", "timeit"})  # their first line is code as well
_PLAIN_CELLS = frozenset({"capture", "memit", "mprun", "debug"})
_SHELL_CELLS = frozenset(
    {
        "!",
        "bash",
        "sh",
        "zsh",
        "dash",
        "ksh",
        "script",
        "cmd",
        "system",
        "sx",
        "powershell",
        "shell",
    }
)
_PYTHON_PROGRAM = re.compile(r"python[\d.]*")
_SCRIPT_CELLS = frozenset({"javascript", "js", "html", "svg"})
_TEXT_CELLS = frozenset({"markdown", "latex", "writefile", "file"})
_SHELL_LINE = re.compile(r"(\s*)(?:[\w.,\[\]'\" ]+=\s*)?(?:!!?|%(?:sx|system)\b)(.*)")
_MAGIC_LINE = re.compile(r"(\s*)(?:[\w.,\[\]'\" ]+=\s*)?%(?:time|timeit|prun)\b(?:\s+-\w+\S*)*(.*)")
_SET_LINE = re.compile(r"(\s*)%(?:set_)?env[ \t]+(\w+)[ \t]*[= \t][ \t]*(.*)")
_SENDING = re.compile(r"\bfetch\s*\(|XMLHttpRequest|sendBeacon|document\.cookie")
_MAGIC = re.compile(r"\s*%(\w+)[ \t]+(.*\S)")
_SHELL_MAGICS = frozenset({"alias", "alias_magic", "sc", "system", "sx", "rehashx"})
_OTHER_LINE = re.compile(r"(\s*)(?:(?:[\w., ]+=\s*)?[%?].*|[\w.]+\?{1,2}\s*)")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a code cell gives to each interpreter."""

    where: str
    python: str = ""
    shell: str = ""
    magics: tuple[tuple[str, str], ...] = ()  # names with the rest of their lines
    foreign: str = ""  # the name of an interpreter that is not followed
    is_active: bool = False  # a script for the browser
    is_sending: bool = False  # which asks for addresses, or reads what keeps one logged in


def cells(text: str) -> Iterator[Cell]:
    """Every code cell; ValueError when it is no notebook."""
    for where, cell in _all_cells(text):
        if cell.get("cell_type") == "code":
            yield _parted(where, _source(cell))


def active_outputs(text: str) -> Iterator[str]:
    """Cells whose kept outputs hold scripts, which a reader runs once the notebook is trusted."""
    for where, cell in _all_cells(text):
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict) and any(map(_is_active, _shown(output))):
                yield where


def has_script(markup: str) -> bool:
    return bool(_SCRIPT.search(markup))


def _all_cells(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        notebook = json.loads(text, parse_int=str)
    except RecursionError as error:
        raise ValueError("a notebook nested too deeply") from error
    sheets = notebook.get("worksheets", []) if isinstance(notebook, dict) else None
    if not isinstance(sheets, list) or not (sheets or "cells" in notebook):
        raise ValueError("no notebook")
    found: list[Any] = []
    for one in (notebook, *sheets):
        here = one.get("cells", []) if isinstance(one, dict) else None
        if not isinstance(here, list):
            raise ValueError("no cells of a notebook")  # noqa: TRY004 what callers expect
        found += here
    for index, cell in enumerate(found):
        if isinstance(cell, dict):
            yield f"cell {index + 1}", cell


def _shown(output: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    data = output.get("data")
    yield from data.items() if isinstance(data, dict) else ()
    yield from ((kind, output[kind]) for kind in _OUTPUT_KINDS & output.keys())


def _is_active(shown: tuple[str, Any]) -> bool:
    kind, content = shown
    text = "".join(map(str, content)) if isinstance(content, list) else str(content)
    return "javascript" in kind or (("html" in kind or "svg" in kind) and has_script(text))


def _source(cell: dict[str, Any]) -> str:
    """All that any version would run: a cell with several sources is read whole."""
    found = [cell[key] for key in _SOURCES if key in cell]
    texts = ("".join(map(str, one)) if isinstance(one, list) else str(one) for one in found)
    return "\n".join(texts)


def _parted(where: str, source: str) -> Cell:
    match = _CELL.match(source)
    if match is None:
        return _of_lines(where, source)
    name, rest, body = match[1].lower(), match[2], source[match.end() :]
    if name in _PYTHON_CELLS | _PLAIN_CELLS:
        is_measured = name in _MEASURED_CELLS and not rest.lstrip().startswith("-")
        return _of_lines(where, f"{rest}\n{body}" if is_measured else body)
    if name in _SCRIPT_CELLS:
        is_active = name in {"javascript", "js"} or has_script(body)
        return Cell(
            where, is_active=is_active, is_sending=is_active and bool(_SENDING.search(body))
        )
    if name in _TEXT_CELLS:
        return Cell(where, python=_written(name, rest))
    return _of_program(where, name, rest, body)


def _of_program(where: str, name: str, rest: str, body: str) -> Cell:
    words = [one for one in rest.split() if not one.startswith("-")]
    runs = words[0].rpartition("/")[2] if name == "script" and words else name
    if _PYTHON_PROGRAM.fullmatch(runs):
        return _of_lines(where, body)
    return Cell(where, shell=body, foreign="" if runs in _SHELL_CELLS else runs)


def _written(name: str, rest: str) -> str:
    """`%%writefile NAME` writes that file, as Python would."""
    target = rest.rsplit(maxsplit=1)[-1] if name in {"writefile", "file"} and rest.split() else ""
    return f"open({target!r}, 'w').write('')" if target else ""


def _of_lines(where: str, source: str) -> Cell:
    python: list[str] = []
    shell: list[str] = []
    magics: list[tuple[str, str]] = []
    for line in source.splitlines():
        if match := _SHELL_LINE.fullmatch(line):
            shell.append(match[2])
            python.append(f"{match[1]}pass")
        elif match := _MAGIC_LINE.fullmatch(line):
            python.append(f"{match[1]}{match[2].strip() or 'pass'}")
        elif match := _SET_LINE.fullmatch(line):
            python.append(f"{match[1]}__import__('os').environ[{match[2]!r}] = {match[3]!r}")
        elif match := _OTHER_LINE.fullmatch(line):
            python.append(f"{match[1]}pass")
            if magic := _MAGIC.match(line):
                magics.append((magic[1], magic[2]))
        else:
            python.append(line)
    shell += [rest for name, rest in magics if name in _SHELL_MAGICS]
    return Cell(where, "\n".join(python), "\n".join(shell), tuple(magics))
