"""The files of a version on its Scan tab: every opinion, and how much of each was covered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.pages.answers import LOUDEST, Cell, Covered, cells, columns, covered, loudest
from registry.models import ModelFile
from scanning.models import Scan

MOST = 50


@dataclass(frozen=True, slots=True)
class FileRow:
    path: str
    size: int
    cells: tuple[Cell, ...]
    covered: Covered

    @property
    def rank(self) -> int:
        return LOUDEST.index(loudest(cell.state for cell in self.cells))


def files_context(
    files: Mapping[str, Sequence[ModelFile]], reports: Mapping[str, Sequence[Scan]]
) -> dict[str, Any]:
    """Files by what needs somebody first; of very many only those."""
    rows = [_row(file, reports.get(sha256, ())) for sha256, same in files.items() for file in same]
    rows.sort(key=lambda row: (row.rank, row.path))
    return {
        "file_rows": rows[:MOST],
        "more_files": max(0, len(rows) - MOST),
        "columns": columns(),
    }


def _row(file: ModelFile, scans: Sequence[Scan]) -> FileRow:
    answers: dict[str, list[Scan]] = {}
    for scan in scans:
        answers.setdefault(scan.scanner, []).append(scan)
    return FileRow(file.path, file.size, cells(answers), covered(answers, file.size))
