"""Between the inspectors, which know formats, and the rows of a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

from catalog import upstreams
from catalog.cards.analysis import KEY, CardAnalysis, read_analysis, with_reading_of
from catalog.inspectors import Inspection, SourceReader
from catalog.sources.base import Listing, ModelRef, RemoteFile, Source
from catalog.texts import keep_texts
from core.errors import InvalidInputError
from registry import source_scan
from registry.enums import Gate, GateOutcome
from registry.models import WANTED, ModelVersion
from registry.policy import Answer
from registry.services.gates import record_gate
from registry.services.versions import add_tags, record_inspection

AGAIN: Final = "inspect_again"  # the fact that an inspection was of other files than these
_MOST_VALUES = 20_000
_DEEPEST = 6  # metrics in a `model-index` lie that deep
_TOLD = ("author", "gated", "private", "pipeline_tag", "library_name", "downloads", "likes")


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found, as values that rows and pages take."""

    model_type: str
    config: dict[str, Any]
    facts: dict[str, Any]
    status: str
    problems: tuple[str, ...] = field(default=())

    @property
    def answer(self) -> Answer:
        """The metadata gate: passed when nothing was left open."""
        if not self.problems:
            return Answer(GateOutcome.PASSED, "Configuration, card and headers were understood.")
        more = f" and {len(self.problems) - 1} more" if len(self.problems) > 1 else ""
        return Answer(GateOutcome.FAILED, f"{self.problems[0]}{more}")


def facts_of_listing(listing: Listing) -> dict[str, Any]:
    """What the source says before anything is read; kept on the version as it was pinned."""
    told: dict[str, Any] = {name: getattr(listing, name) for name in _TOLD}
    return told | {
        "source_tags": list(listing.tags),
        "base_models": list(listing.base_models),
        "moved_from": listing.moved_from or "",
        "card": _plain(listing.card_data),
        source_scan.KEY: listing.scan.to_json() if listing.scan else None,
        "last_modified": listing.last_modified.isoformat() if listing.last_modified else "",
        "address": upstreams.page_of(listing.ref.source, listing.ref.repo_id, listing.commit),
    }


def listing_of(version: ModelVersion) -> Listing:
    """What is taken of the listing as it was pinned, from rows; the source is not asked again."""
    facts = version.facts
    modified = str(facts.get("last_modified") or "")
    return Listing(
        ref=ModelRef(version.model.source, version.model.repo_id, version.commit),
        commit=version.commit,
        moved_from=str(facts.get("moved_from") or "") or None,
        files=tuple(
            RemoteFile(file.path, file.size, file.git_oid or None, file.sha256 or None, file.is_lfs)
            for file in version.files.filter(WANTED)
        ),
        card_data=facts.get("card") or {},
        tags=tuple(facts.get("source_tags") or ()),
        base_models=tuple(facts.get("base_models") or ()),
        last_modified=datetime.fromisoformat(modified) if modified else None,
        scan=source_scan.read_source_scan(facts.get(source_scan.KEY)),
        **{name: facts[name] for name in _TOLD if name in facts},
    )


def is_whole(version: ModelVersion) -> bool:
    """Tell whether a version was inspected with all the files it is made of, none kept back."""
    coming = version.files.filter(is_coming=True).exists()
    return bool(version.extraction_status) and not coming and not version.facts.get(AGAIN)


def look(listing: Listing, *, source: Source) -> Inspected:
    """Inspect a listing at its source; writes nothing."""
    return _look(listing, SourceReader(source, listing))


def _look(
    listing: Listing, reader: SourceReader, *, earlier: Iterable[CardAnalysis] = ()
) -> Inspected:
    from catalog.inspectors.inspect import inspect_version  # noqa: PLC0415 every kind and format

    found = inspect_version(reader, listing)
    analysis = found.analysis
    for known in earlier:
        analysis = with_reading_of(analysis, known)
    return Inspected(
        model_type=found.model_type,
        config=found.config.model_dump(mode="json"),
        facts=facts_of_listing(listing)
        | _facts(found, refused=reader.was_refused)
        | facts_of_card(analysis),
        status=status_of(found.problems, analysis),
        problems=found.problems,
    )


def _facts(found: Inspection, *, refused: bool) -> dict[str, Any]:
    return {
        "card": _plain(found.card),
        "tasks": list(found.tasks),
        "tags": list(found.tags),
        "base_models": list(found.base_models),
        "evaluations": [one.to_json() for one in found.evaluations],
        "datasets": list(found.datasets),
        "problems": list(found.problems),
        **({AGAIN: True} if refused else {}),
    }


def _earlier(version: ModelVersion) -> Iterator[CardAnalysis]:
    """What was known of the cards of this version and of its parent; the first counts last."""
    for known in (version.parent, version):
        with suppress(InvalidInputError):  # of another time: it is made anew
            yield read_analysis(known.facts if known else {})


def facts_of_card(analysis: CardAnalysis) -> dict[str, Any]:
    """What is kept of a card's analysis, and what lists and filters read of it."""
    return {
        KEY: analysis.model_dump(mode="json", exclude_defaults=True),
        "description": analysis.description.text if analysis.description else "",
        "languages": [item.text for item in analysis.languages],
    }


def status_of(problems: object, analysis: CardAnalysis) -> str:
    """Completed only when all was understood and no field of the card's analysis is missing."""
    return "partial" if problems or analysis.missing else "completed"


def _words(tags: list[str]) -> list[str]:
    """Tags that people search by; `license:mit` and the like have fields of their own."""
    return [tag for tag in tags if ":" not in tag]


def _plain(card: Mapping[str, object]) -> dict[str, Any]:
    """Card values as JSON: dates and the like become text, and what is too much is left out."""
    left = count(_MOST_VALUES, -1)
    return {str(key)[:80]: _json(value, left) for key, value in list(card.items())[:100]}


def _json(value: object, left: Iterator[int], depth: int = 0) -> Any:  # noqa: ANN401 JSON values
    if next(left) <= 0:
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping) and depth < _DEEPEST:
        items = list(value.items())[:100]
        return {str(key)[:80]: _json(item, left, depth + 1) for key, item in items}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_json(item, left, depth + 1) for item in value[:1000]]
    return str(value)[:2000].replace("\x00", "")


def inspect(version: ModelVersion, *, source: Source, anew: bool = False) -> Inspected:
    """Inspect a pinned version, note what it is, and answer the metadata gate.

    What a language model found in the same card before stays, unless it is to be found anew.
    """
    listing = listing_of(version)
    reader = SourceReader(source, listing)
    found = _look(listing, reader, earlier=() if anew else tuple(_earlier(version)))
    version.facts = found.facts
    if keep_texts(version, reader):
        found.facts["texts"] = True
    record_inspection(
        version=version,
        model_type=found.model_type,
        config=found.config,
        facts=found.facts,
        status=found.status,
    )
    add_tags(model=version.model, names=_words(found.facts["tags"]))
    record_gate(
        version=version,
        gate=Gate.METADATA,
        outcome=found.answer.outcome,
        reason=found.answer.reason,
        evidence={"problems": list(found.problems), "status": found.status},
    )
    return found
