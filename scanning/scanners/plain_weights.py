"""Weights that are numbers alone, in forms of their own: fastText, word2vec, ggml and others."""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.weight_forms import RULES, examine_weights, weight_form
from scanning.scanners.base import Canary, Report, Scanner, read_head, scanners


@scanners.register
class PlainWeights(Scanner):
    """Clean where all sizes add up to the end of the file, suspicious where one lies."""

    slug = "plain_weights"
    title = "Weights of other libraries"
    rules = RULES

    @property
    def engine(self) -> str:
        return "plain_weights/3"

    def canary(self) -> Canary:
        return Canary("canary.bin", b"\xba\x16\x4f\x2f\x0c\x00\x00\x00 and no more")

    def handles(self, path: PurePath, head: bytes) -> bool:
        return weight_form(head) is not None

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        form = weight_form(read_head(path))
        with path.open("rb") as stream:
            if form is None:
                notes.gap("no form of weights that is known")
            else:
                examine_weights(stream, form, notes)
        return notes.report(path.stat().st_size)
