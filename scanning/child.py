"""The inside of a scanning child: one scanner over a list of files (`scanning.sandbox`)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from core.sandbox.inside import Work, serve
from scanning.scanners import Report, Scanner, ScannerOptions, scanners


def main() -> None:
    """Answer one request, file by file."""
    serve(_prepare)


def _prepare(setup: dict[str, Any]) -> Work:
    scanners.load()
    scanner = scanners.get(setup["scanner"])(ScannerOptions.from_json(setup["options"]))
    if missing := scanner.unavailable():
        return lambda _: Report.incomplete(missing).to_json()
    return lambda file: _scan(scanner, file).to_json()


def _scan(scanner: Scanner, file: dict[str, str]) -> Report:
    try:
        return scanner.scan(Path(file["path"]), PurePosixPath(file["name"]))
    except OSError as error:
        return Report.incomplete(f"the file cannot be read: {error}")


if __name__ == "__main__":
    main()
