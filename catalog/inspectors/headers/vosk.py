"""Vosk models: folders of Kaldi files, known by where these are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.files import Files

# The acoustic model and its settings, in newer folders and in older ones.
_LAYOUTS: Final = (("am/final.mdl", "conf/mfcc.conf"), ("final.mdl", "mfcc.conf"))
LARGEST_CONF: Final = 64 << 10
_OPTION: Final = re.compile(r"^\s*--([a-z-]{1,60})=([^\s#]{1,60})", re.MULTILINE)
_LOWEST, _HIGHEST = 1000, 1_000_000


@dataclass(frozen=True, slots=True)
class Vosk:
    """A speech recognizer; rates and bins where its settings name them."""

    sample_rate: int | None
    mel_bins: int | None


def vosk_folder(paths: Iterable[str]) -> str | None:
    """Return the folder that is such a model, '' or with its slash; None where there is none.

    Layout: https://alphacephei.com/vosk/models
    """
    place = _place(paths)
    return place[0] if place else None


def read_vosk(files: Files, paths: Iterable[str]) -> Vosk | None:
    """Read the settings of the model among the files of a version; None where there is none."""
    place = _place(paths)
    if place is None:
        return None
    options = dict(_OPTION.findall(files.text("".join(place), LARGEST_CONF)))
    return Vosk(
        sample_rate=_whole(options.get("sample-frequency"), _LOWEST, _HIGHEST),
        mel_bins=_whole(options.get("num-mel-bins"), 1, _LOWEST),
    )


def _place(paths: Iterable[str]) -> tuple[str, str] | None:
    """Return the folder, and where in it the settings are."""
    known = set(paths)
    for model, conf in _LAYOUTS:
        folders = [path.removesuffix(model) for path in known if _ends(path, model)]
        for folder in sorted(folders, key=lambda name: (len(name), name)):
            if folder + conf in known:
                return folder, conf
    return None


def _ends(path: str, part: str) -> bool:
    return path == part or path.endswith(f"/{part}")


def _whole(text: str | None, least: int, most: int) -> int | None:
    """Return a whole number that is written out, also as 16000.0; None beyond the bounds."""
    whole = (text or "").partition(".")[0]
    if not whole.isascii() or not whole.isdecimal():
        return None
    return int(whole) if least <= int(whole) <= most else None
