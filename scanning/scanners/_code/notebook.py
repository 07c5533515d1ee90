"""The Python of a notebook: its code cells, with the lines that are for the shell apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_SCRIPT = re.compile(
    r"<script\b|\bon(?:load|error|click|focus|begin|mouseover)\s*=|javascript:|<foreignObject\b",
    re.IGNORECASE,
)
_SHELL = ("!", "%%bash", "%%sh", "%sx", "%system")


def cells(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, Python and shell lines of every code cell; ValueError when it is no notebook."""
    try:
        notebook = json.loads(text, parse_int=str)
    except RecursionError as error:
        raise ValueError("a notebook nested too deeply") from error
    found = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(found, list):
        raise ValueError("no notebook of version 4")  # noqa: TRY004 what callers expect
    for index, cell in enumerate(found):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            python, shell = _parted(_source(cell))
            yield f"cell {index + 1}", python, shell


def active_outputs(text: str) -> Iterator[str]:
    """Cells whose kept outputs hold scripts, which a reader runs once the notebook is trusted."""
    found = json.loads(text, parse_int=str).get("cells", [])
    for index, cell in enumerate(found):
        outputs = cell.get("outputs") if isinstance(cell, dict) else None
        for output in outputs if isinstance(outputs, list) else []:
            data = output.get("data") if isinstance(output, dict) else None
            for kind, content in data.items() if isinstance(data, dict) else []:
                shown = "".join(map(str, content)) if isinstance(content, list) else str(content)
                if "javascript" in kind or ("html" in kind and has_script(shown)):
                    yield f"cell {index + 1}"


def has_script(markup: str) -> bool:
    return bool(_SCRIPT.search(markup))


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _parted(source: str) -> tuple[str, str]:
    if source.lstrip().startswith(("%%bash", "%%sh", "%%script")):
        return "", source
    python, shell = [], []
    for line in source.splitlines():
        bare = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        if bare.startswith(_SHELL):
            shell.append(bare.lstrip("!"))
        python.append(f"{indent}pass" if bare.startswith(("!", "%", "?")) else line)
    return "\n".join(python), "\n".join(shell)
