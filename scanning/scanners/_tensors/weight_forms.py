"""Find out which form of weights a file is, and walk it to its end."""

from __future__ import annotations

from typing import BinaryIO

from scanning.scanners._tensors.counted_weights import (
    CoreMlWeights,
    CTranslate2,
    MxnetParameters,
    PaddleParameters,
    TensorboardEvents,
)
from scanning.scanners._tensors.nearest import Faiss, Hnswlib
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.old_ggml import Imatrix, OldGgml
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.tensor_bundle import TensorBundle
from scanning.scanners._tensors.weight_form import UnreadError, WeightForm
from scanning.scanners._tensors.word_vectors import FastText, Word2Vec
from scanning.scanners.base import Rule, Severity

FORMS: tuple[WeightForm, ...] = (
    FastText(),
    Word2Vec(),
    OldGgml(),
    Imatrix(),
    CTranslate2(),
    PaddleParameters(),
    MxnetParameters(),
    CoreMlWeights(),
    TensorboardEvents(),
    TensorBundle(),
    Faiss(),
    Hnswlib(),
)
RULES = {
    **POLYGLOT,
    "weights_invalid": Rule(
        "Weights break their format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
}


def weight_form(head: bytes) -> WeightForm | None:
    """The form of a file that begins so; None when it is none of these."""
    return next((form for form in FORMS if form.begins(head)), None)


def examine_weights(stream: BinaryIO, form: WeightForm, notes: Notes) -> None:
    """Walk the file to its end; what stands behind the last part is told."""
    reader = ByteReader(stream)
    try:
        form.walk(reader)
        reader.end()
    except UnreadError as error:
        notes.gap(f"{form.name}: {error}")
    except FormatError as error:
        message = f"begins as a file of {form.name} and breaks its format"
        notes.add("weights_invalid", Severity.MEDIUM, message, str(error))
    note_zip_behind(stream, notes)
