"""The inside of a scanning child: looks, each by a scanner at a file (`scanning.sandbox`)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from core.sandbox.inside import Work, serve
from scanning.copied import Copied, Memory
from scanning.scanners import Report, Scanner, ScannerOptions, scanners


def main() -> None:
    """Answer one request, look by look."""
    serve(prepare)


def prepare(setup: dict[str, Any]) -> Work:
    """Make what answers a look; engines are made when they are first asked."""
    scanners.load()  # before a file is seen: nothing is imported while one is read
    options = ScannerOptions.from_json(setup["options"])
    memory = None if setup["copies"] is None else Memory(setup["copies"])

    @lru_cache(maxsize=1)
    def copied(path: str, start: int, size: int) -> Path:
        return Path(path) if memory is None else Copied.of(path, memory, start, size)

    @cache
    def engine(slug: str) -> tuple[Scanner, str]:
        scanner = scanners.get(slug)(options)
        return scanner, scanner.unavailable()

    def work(item: dict[str, Any]) -> dict[str, Any]:
        scanner, missing = engine(item["scanner"])
        report = Report.incomplete(missing) if missing else _scan(scanner, item, copied)
        return report.to_json()

    return work


def _scan(scanner: Scanner, file: dict[str, Any], copied: Callable[..., Path]) -> Report:
    try:
        with _file_of(file, scanner.options.scratch, copied) as path:
            return scanner.scan(path, PurePosixPath(file["name"]))
    except OSError as error:
        return Report.incomplete(f"the file cannot be read: {error}")


@contextmanager
def _file_of(file: dict[str, Any], scratch: Path, copied: Callable[..., Path]) -> Iterator[Path]:
    """The file that is looked at; one that comes with its content is there for that time alone."""
    if "copy" in file:
        yield copied(file["path"], *file["copy"])
        return
    if "content" not in file:
        yield Path(file["path"])
        return
    with TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / PurePosixPath(file["name"]).name
        path.write_bytes(b64decode(file["content"]))
        yield path


if __name__ == "__main__":
    main()
