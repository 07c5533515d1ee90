"""The inside of a scanning child: looks, each by a scanner at a file (`scanning.sandbox`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from core.sandbox.inside import Work, serve
from scanning.scanners import Report, Scanner, ScannerOptions, scanners


def main() -> None:
    """Answer one request, look by look."""
    serve(prepare)


def prepare(setup: dict[str, Any]) -> Work:
    """Make what answers a look; engines are made when they are first asked."""
    scanners.load()
    options = ScannerOptions.from_json(setup["options"])

    @cache
    def engine(slug: str) -> tuple[Scanner, str]:
        scanner = scanners.get(slug)(options)
        return scanner, scanner.unavailable()

    def work(item: dict[str, str]) -> dict[str, Any]:
        scanner, missing = engine(item["scanner"])
        report = Report.incomplete(missing) if missing else _scan(scanner, item)
        return report.to_json()

    return work


def _scan(scanner: Scanner, file: dict[str, str]) -> Report:
    try:
        return scanner.scan(Path(file["path"]), PurePosixPath(file["name"]))
    except OSError as error:
        return Report.incomplete(f"the file cannot be read: {error}")


if __name__ == "__main__":
    main()
