"""What files of weights are by their first bytes, where their names alone do not prove it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers.dispatch import NOTES
from catalog.inspectors.headers.ranges import read_named
from catalog.inspectors.headers.sniff import form_of, head_of, sniff
from downloads.planning.formats import family_of, format_of, has_weights
from downloads.planning.quantizations import part_of

# At a source each look is a request.
MOST_LOOKED_AT: Final = 4
MOST_AT_HAND: Final = 1000
_FORMATS: Final[Mapping[str, str]] = {
    "torch": "pickle", "torch legacy": "pickle", "torch tar": "pickle", "pickle": "pickle",
    "hdf5": "keras", "saved_model": "tensorflow", "whisper": "ggml", "ggmf": "ggml",
    "ggjt": "ggml", "ggla": "ggml", "numpy zip": "numpy", "ggsn": "", "zip": "",
    **{name: name for name in ("gguf", "safetensors", "keras", "onnx", "tflite", "ctranslate2")},
    **{name: name for name in ("ggml", "numpy")},
}  # fmt: skip
# No pickle begins like these, whatever follows: only they clear a file that is named as one.
_NEVER_PICKLES: Final = frozenset({"ctranslate2", "ggml", "safetensors"})
# Nobody unpacks what does not begin as one of these. The others keep what their names say of them:
# HDF5 may begin further behind, and policies must not lose sight of them.
_SIGNED: Final = frozenset({"safetensors", "gguf", "onnx", "ggml"})
_READ_ANYWAY: Final = frozenset({"safetensors", "gguf"})
_LOOKED_AT: Final = frozenset({"pickle", "onnx", "keras", "numpy", "tflite", "ggml"})
_PLAIN_FAMILIES: Final = frozenset({"pickle", "ggml", "onnx", "tensorflow", "numpy"})
_OLD_PICKLES: Final = (".pkl", ".pickle")  # of texts, which begin in many ways


def look(
    reader: Reader, paths: Iterable[str], problems: Problems, *, headers: bool, at_hand: bool
) -> dict[str, str]:
    """Return what files are by their first bytes, as `sniff` names it; '' where that is unknown.

    At a source only so many are looked at, and files whose headers are read elsewhere only where
    that failed (`headers`). Parts of a numbered set are left alone.
    """
    wanted = [path for path in paths if _is_doubtful(path, headers=headers or at_hand)]
    wanted.sort(key=lambda path: (format_of(path) != "pickle", path.count("/"), path))
    forms: dict[str, str] = {}
    for path in wanted[: MOST_AT_HAND if at_hand else MOST_LOOKED_AT]:
        form = _form(reader, path, problems)
        if form is None:
            break  # who may not have one may not have the others
        forms[path] = form
    return forms


def _is_doubtful(path: str, *, headers: bool) -> bool:
    named, family = format_of(path), family_of(path)
    if not has_weights(path) or part_of(path) is not None:
        return False
    if named in _READ_ANYWAY:
        return headers
    return family in _PLAIN_FAMILIES and (named in _LOOKED_AT or (family == "pickle" and not named))


def _form(reader: Reader, path: str, problems: Problems) -> str | None:
    """Look at one file; None where it cannot be read.

    A zip file that is named a pickle may hold one: its directory is not needed to say so.
    """
    head = read_named(path, "readable", problems, lambda: head_of(reader, path))
    if head is None:
        return None
    found = form_of(head, reader.size(path))
    is_zip = found == "zip" and format_of(path) != "pickle"
    return sniff(reader, path, problems) if is_zip else found


def formats_of(paths: Iterable[str], forms: Mapping[str, str]) -> tuple[str, ...]:
    """Return the formats of all weights, sorted: as they were found, else as they are named."""
    found = (_formats_of(path, forms.get(path)) for path in paths)
    return tuple(sorted({name for names in found for name in names if name}))


def _formats_of(path: str, form: str | None) -> tuple[str, ...]:
    named = format_of(path)
    found = _FORMATS.get(form or "", "")
    if form is None or found == named:
        return (named,)
    if named == "pickle":
        return (found,) if found in _NEVER_PICKLES else (named,)
    return (found,) if named in _SIGNED else (found, named)


def note_misnamed(forms: Mapping[str, str], problems: Problems, *, alone: bool) -> None:
    """Name each file whose content is not what its name says.

    A `.bin` may be anything; it is named where no weights are known (`alone`).
    """
    said = tuple(problems.found)
    for path, form in sorted(forms.items()):
        if any(problem.startswith(path) for problem in said):
            continue  # what its own reader found wrong says more
        named, found = format_of(path), _FORMATS.get(form, "")
        if (named == found and form) or path.lower().endswith(_OLD_PICKLES):
            continue
        if named == "pickle" and (found in _NEVER_PICKLES or form == "zip"):
            continue
        if named or (alone and not found):
            what = NOTES.get(form) or (f"its content is {form}" if form else "")
            problems.add(f"{path} does not hold what its name says: {what or _UNKNOWN}")


_UNKNOWN: Final = "its content is of no known format"
