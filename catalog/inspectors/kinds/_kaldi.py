"""Folders of Vosk: a recognizer of Kaldi with its settings as options of a command line."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import JsonObject
from catalog.inspectors.subject import Subject

_MODEL: Final = "am/final.mdl"
_FEATURES: Final = ("conf/mfcc.conf", "mfcc.conf")
_LARGEST: Final = 64 << 10
_OPTION = re.compile(
    r"^[ \t]*--(sample-frequency|num-mel-bins)[ \t]*=[ \t]*(\d{1,7})(?:\.0*)?[ \t]*$", re.MULTILINE
)
_NAMES: Final = {"sample-frequency": "sampling_rate", "num-mel-bins": "num_mel_bins"}


def is_kaldi(subject: Subject) -> bool:
    """Tell whether the version is such a folder, or holds one."""
    return _folder(subject) is not None


def kaldi_features(subject: Subject) -> JsonObject:
    """Return rate and mel bins under the names that feature extractors have for them."""
    folder = _folder(subject)
    if folder is None:
        return {}
    path = subject.files.first(*(folder + name for name in _FEATURES))
    text = subject.files.text(path, _LARGEST) if path else ""
    return {_NAMES[name]: int(number) for name, number in _OPTION.findall(text)}


def _folder(subject: Subject) -> str | None:
    found = (path for path in subject.paths if path == _MODEL or path.endswith(f"/{_MODEL}"))
    model = next(found, None)
    return None if model is None else model.removesuffix(_MODEL)
