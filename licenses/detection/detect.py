"""Decide what a model's papers say: the card's license fields against its license files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from licenses.detection.card import read_card
from licenses.detection.catalog import Terms, license_of, read_terms, together
from licenses.detection.classes import LicenseClass, strictest, strictness
from licenses.detection.finding import (
    NO_ASSERTION,
    NONE,
    Confidence,
    Evidence,
    LicenseFinding,
    Statement,
)
from licenses.detection.names import MAX_FILES
from licenses.detection.rights import read_rights

_SURE_TO_UNSURE: tuple[Confidence, ...] = ("high", "medium", "low")
_LICENSE_NOT_STATED = "The model states no license."


def conclude(
    card_license: object,
    license_name: object,
    license_link: object,
    *,
    files: Sequence[Statement],
    count: int,
    rights: object = None,
) -> LicenseFinding:
    """Answer which license a version is under, from its card and what each license file says.

    The three card values come from untrusted YAML and may be anything; so may `rights`, which count
    where the card states no license. `count` is the number of license files that there are; no more
    than MAX_FILES are read.
    """
    said = [*files, _too_many(count)] if count > MAX_FILES else list(files)
    card = read_card(card_license, license_name, license_link) or read_rights(rights)
    return _finding(card, _all_files(said))


def _too_many(count: int) -> Statement:
    reason = f"The model has {count} license files; only the first {MAX_FILES} were read."
    return Statement(
        NO_ASSERTION, LicenseClass.UNKNOWN, "low", reasons=(reason,), needs_review=True
    )


def _all_files(files: list[Statement]) -> Statement | None:
    """Join the statements of all files: every one of them applies."""
    speaking = [found for found in files if found.spdx != NONE]
    if not speaking:
        silent = tuple(line for found in files for line in found.evidence)
        return replace(files[0], evidence=silent) if files else None
    return Statement(
        spdx=_together([found.spdx for found in speaking]).spdx,
        license_class=strictest(found.license_class for found in speaking),
        confidence=_lowest(speaking),
        ids=frozenset().union(*(found.ids for found in speaking)),
        evidence=tuple(line for found in files for line in found.evidence),
        reasons=tuple(dict.fromkeys(line for found in speaking for line in found.reasons)),
        needs_review=any(found.needs_review for found in speaking),
    )


def _together(expressions: list[str]) -> Terms:
    known = (read_terms(spdx) for spdx in expressions)
    return together(
        [
            terms or Terms(spdx, LicenseClass.UNKNOWN, frozenset({spdx}), ())
            for terms, spdx in zip(known, expressions, strict=True)
        ]
    )


def _lowest(statements: list[Statement]) -> Confidence:
    return max((found.confidence for found in statements), key=_SURE_TO_UNSURE.index)


def _finding(card: Statement | None, files: Statement | None) -> LicenseFinding:
    if files is None or files.spdx == NONE:
        silent = files.evidence if files else ()
        return _alone(card, silent) if card else _absent(silent)
    if card is None:
        return _alone(files, ())
    if card.license_class is LicenseClass.UNKNOWN and not card.ids:
        joined = replace(
            files,
            reasons=(*card.reasons, *files.reasons),
            needs_review=files.needs_review or card.needs_review,
        )
        return _alone(joined, card.evidence)
    if conflict := _conflict(card, files):
        return _conflicting(card, files, conflict)
    both = card.ids and not files.needs_review
    agreed = (f"The card and the license file agree on {card.spdx}.",) if both else ()
    joined = replace(files, spdx=_shown(card, files), reasons=(*agreed, *files.reasons))
    return _alone(joined, card.evidence)


def _absent(evidence: tuple[Evidence, ...]) -> LicenseFinding:
    return LicenseFinding(
        spdx=NONE,
        license_class=LicenseClass.UNKNOWN,
        confidence="low",
        evidence=evidence,
        reasons=(_LICENSE_NOT_STATED,),
        needs_review=True,
    )


def _alone(statement: Statement, evidence: tuple[Evidence, ...]) -> LicenseFinding:
    return LicenseFinding(
        spdx=statement.spdx,
        license_class=statement.license_class,
        confidence=statement.confidence,
        evidence=(*evidence, *statement.evidence),
        reasons=statement.reasons,
        obligations=_obligations(statement),
        needs_review=statement.needs_review or statement.license_class is LicenseClass.UNKNOWN,
    )


def _obligations(statement: Statement) -> tuple[str, ...]:
    terms = read_terms(statement.spdx)
    if terms is not None:
        return terms.obligations
    each = (key for spdx in sorted(statement.ids) for key in license_of(spdx).obligations)
    return tuple(dict.fromkeys(each))


def _family(spdx: str) -> str:
    return spdx.removesuffix("-only").removesuffix("-or-later")


def _covers(held: set[str], said: str) -> bool:
    # "bsd" or "cc" on a card names a family; any member of it in the file is no contradiction.
    family = said.removeprefix("LicenseRef-").removesuffix("unspecified")
    return said in held or (family.endswith("-") and any(one.startswith(family) for one in held))


def _conflict(card: Statement, files: Statement) -> str:
    said = {_family(spdx) for spdx in card.ids}
    held = {_family(spdx) for spdx in files.ids}
    covered = all(_covers(held, one) for one in said) or (card.choice and held <= said)
    if not said and strictness(card.license_class) > strictness(files.license_class):
        return f"The card says {card.license_class}, the license file says {files.spdx}."
    if not held:
        return f"The card says {card.spdx}; no license file bears it out."
    if not covered:
        return f"The card says {card.spdx}, the license file says {files.spdx}."
    if strictness(files.license_class) > strictness(card.license_class):
        return (
            f"The card says {card.spdx} ({card.license_class}), but by its license file the model "
            f"is {files.license_class}."
        )
    return ""


def _conflicting(card: Statement, files: Statement, conflict: str) -> LicenseFinding:
    stricter = max(files, card, key=lambda found: strictness(found.license_class))
    both = replace(
        stricter,
        ids=card.ids | files.ids,
        confidence="low",
        evidence=(*card.evidence, *files.evidence),
        reasons=(*card.reasons, *files.reasons),
        needs_review=True,
    )
    return replace(_alone(both, ()), conflicts=(conflict,))


def _shown(card: Statement, files: Statement) -> str:
    # A file cannot tell GPL-2.0-only from -or-later; the card's id can.
    same = {_family(spdx) for spdx in card.ids} == {_family(spdx) for spdx in files.ids}
    return card.spdx if same and not files.needs_review else files.spdx
