"""Digests of the sentences of model licenses: proof that a text is unchanged, without the text.

Model licenses (Llama, Gemma, OpenRAIL, …) are in no list of reference texts that can be shipped.
Their sentences are, as digests, in `licenses/data/fingerprints.json`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from licenses.detection.words import Words, read_words

FINGERPRINTS = Path(__file__).resolve().parents[1] / "data" / "fingerprints.json"
Form = tuple[str, ...]
_SHORT = 4
_DIGEST = 12


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text: its digest and the words it spans."""

    digest: str
    start: int
    end: int


@dataclass(frozen=True)
class Drift:
    """How a text differs from one known form: its foreign sentences, how many it lacks, and if
    the sentences stand in another order or more than once."""

    foreign: tuple[Sentence, ...]
    missing: int
    known: int
    reordered: bool

    @property
    def is_none(self) -> bool:
        return not self.foreign and not self.missing and not self.reordered


def sentences(words: Words) -> tuple[Sentence, ...]:
    """Cut a text into sentences; very short ones (headings, numbers) join the next."""
    found: list[Sentence] = []
    start = 0
    for end in (*(e for e in words.ends if e < len(words.words)), len(words.words)):
        if end - start < _SHORT and end < len(words.words):
            continue
        if end > start:
            spoken = " ".join(words.words[start:end]).encode()
            digest = hashlib.sha256(spoken).hexdigest()[:_DIGEST]
            found.append(Sentence(digest, start, end))
        start = end
    return tuple(found)


def fingerprint(text: str) -> tuple[str, ...]:
    """Answer what `fingerprints.json` holds for one form of a license (docs/licenses.md)."""
    return tuple(sentence.digest for sentence in sentences(read_words(text)))


@cache
def known_fingerprints() -> dict[str, tuple[Form, ...]]:
    """Map each license to the known forms of its text."""
    data: dict[str, list[str]] = json.loads(FINGERPRINTS.read_bytes())
    return {spdx: tuple(tuple(form.split()) for form in forms) for spdx, forms in data.items()}


def drift_from(words: Words, forms: tuple[Form, ...]) -> Drift:
    """Compare a text with the known forms of a license and answer the smallest difference."""
    own = sentences(words)
    drifts = [_drift(own, form) for form in forms]
    return min(drifts, key=lambda drift: (len(drift.foreign) + drift.missing, drift.reordered))


def _drift(own: tuple[Sentence, ...], form: Form) -> Drift:
    digests = tuple(sentence.digest for sentence in own)
    known = frozenset(form)
    return Drift(
        foreign=tuple(sentence for sentence in own if sentence.digest not in known),
        missing=len(known.difference(digests)),
        known=len(known),
        reordered=set(digests) == known and digests != form,
    )
