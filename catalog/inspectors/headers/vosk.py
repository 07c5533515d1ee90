"""Vosk models: folders of Kaldi files, known by where these are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import Problems, Reader, read_bytes

# The acoustic model and its settings, in newer folders and in older ones.
_LAYOUTS: Final = (("am/final.mdl", "conf/mfcc.conf"), ("final.mdl", "mfcc.conf"))
LARGEST_CONF: Final = 64 << 10
_OPTION: Final = re.compile(r"^\s*--([a-z-]{1,60})=([^\s#]{1,60})", re.MULTILINE)
_LOWEST, _HIGHEST = 1000, 1_000_000


@dataclass(frozen=True, slots=True)
class Vosk:
    """A speech recognizer; rates and bins where its settings name them."""

    folder: str
    sample_rate: int | None
    mel_bins: int | None
    has_graph: bool
    has_speaker_vectors: bool


def read_vosk(reader: Reader, paths: Iterable[str], problems: Problems) -> Vosk | None:
    """Find the model among the files of a version; None where there is none.

    Layout: https://alphacephei.com/vosk/models
    """
    known = set(paths)
    for model, conf in _LAYOUTS:
        folders = [path.removesuffix(model) for path in known if _ends(path, model)]
        for folder in sorted(folders, key=lambda name: (len(name), name)):
            if folder + conf in known:
                return _read(reader, folder, folder + conf, known, problems)
    return None


def _ends(path: str, part: str) -> bool:
    return path == part or path.endswith(f"/{part}")


def _read(reader: Reader, folder: str, conf: str, known: set[str], problems: Problems) -> Vosk:
    content = read_bytes(reader, conf, LARGEST_CONF, problems) or b""
    options = dict(_OPTION.findall(content.decode("utf-8", "replace")))
    below = {path.removeprefix(folder) for path in known if path.startswith(folder)}
    return Vosk(
        folder=folder.rstrip("/"),
        sample_rate=_whole(options.get("sample-frequency"), _LOWEST, _HIGHEST),
        mel_bins=_whole(options.get("num-mel-bins"), 1, _LOWEST),
        has_graph=any(path.endswith((".fst", "HCLG.fst")) for path in below),
        has_speaker_vectors=any(path.startswith("ivector/") for path in below),
    )


def _whole(text: str | None, least: int, most: int) -> int | None:
    """Return a whole number that is written out, also as 16000.0; None beyond the bounds."""
    whole = (text or "").partition(".")[0]
    if not whole.isascii() or not whole.isdecimal():
        return None
    return int(whole) if least <= int(whole) <= most else None
