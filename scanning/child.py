"""The inside of a scanning child: looks, each by a scanner at a file (`scanning.sandbox`)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from core.sandbox.inside import Work, serve
from scanning.scanners import Report, Scanner, ScannerOptions, scanners


def main() -> None:
    """Answer one request, look by look."""
    serve(prepare)


def prepare(setup: dict[str, Any]) -> Work:
    """Make what answers a look; engines are made when they are first asked."""
    scanners.load()  # before a file is seen: nothing is imported while one is read
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
        with _file_of(file, scanner.options.scratch) as path:
            return scanner.scan(path, PurePosixPath(file["name"]))
    except OSError as error:
        return Report.incomplete(f"the file cannot be read: {error}")


@contextmanager
def _file_of(file: dict[str, str], scratch: Path) -> Iterator[Path]:
    """The file that is looked at; one that comes with its content is there for that time alone."""
    if "content" not in file:
        yield Path(file["path"])
        return
    with TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / PurePosixPath(file["name"]).name
        path.write_bytes(b64decode(file["content"]))
        yield path


if __name__ == "__main__":
    main()
