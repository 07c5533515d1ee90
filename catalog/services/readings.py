"""Let a language model look for what rules did not find in a card; keep what the card supports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import inspection
from catalog.cards import CardAnalysis, read_analysis
from catalog.cards.analysis import Reading
from catalog.cards.document import Document
from catalog.cards.extract import digest_of
from catalog.cards.grounding import Grounding
from catalog.cards.parsing import read_document
from catalog.cards.prompt import PROMPT, Quotations, askable, question_about, read_answer
from catalog.inspectors.card import PATH, place_of
from catalog.inspectors.front_matter import split
from catalog.models import CARD_READING, CardReading, VersionText
from catalog.providers import http_policy, providers
from catalog.sources import sources
from catalog.sources.base import ModelRef
from core.jobs import start_run
from core.llm import Allowance, Answer, ask
from core.models import Run
from registry.models import Model, ModelVersion
from registry.services.heads import refresh_head

MOST_REQUESTS: Final = 8  # of one run, over all providers and tries


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reading did; `reason` says why nobody was asked."""

    filled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""


@transaction.atomic
def begin(version: ModelVersion, *, again: bool = False) -> Run | None:
    """Start the run that asks about the card; None where there is nobody or nothing to ask.

    What was asked before, of the same card and in the same words, is asked again only by `again`.
    """
    analysis = read_analysis(version.facts)
    if not analysis.card or not analysis.missing or not providers() or not may_leave(version):
        return None
    if not again and _is_asked(analysis):
        return None
    run, _ = start_run(kind=CARD_READING, key=f"card of {version.model.repo_id}@{version.commit}")
    CardReading.objects.get_or_create(run=run, defaults={"version": version})
    return run


def may_leave(version: ModelVersion) -> bool:
    """Tell whether the card may be sent to others: who can read it at its source is everybody."""
    hidden = (
        version.model.is_private
        or bool(version.facts.get("private"))
        or any(one.slug == version.model.source and one.is_local for one in sources)
    )
    return settings.LLM_PRIVATE_CARDS or not hidden


def _is_asked(analysis: CardAnalysis) -> bool:
    reading = analysis.reading
    return (
        reading is not None
        and reading.prompt == PROMPT
        and set(analysis.missing) <= set(reading.sought)
    )


def read(version: ModelVersion, *, allowance: Allowance) -> Outcome:
    """Ask for what is missing and keep what the card supports.

    Raises LlmUnavailableError or LlmRefusedError where no provider gives an answer; what the rules
    read stays as it is.
    """
    analysis = read_analysis(version.facts)
    document = _document(version, analysis)
    asked_of = providers()
    if document is None or not asked_of or not may_leave(version):
        return Outcome(missing=analysis.missing, reason=_why_not(document, version))
    asked = askable(document, analysis.missing)
    question = question_about(document, asked, tokens=settings.LLM_RUN_TOKENS // 2)
    if question is None or not asked:
        return Outcome(missing=analysis.missing, reason="The card holds no text to ask about.")
    answer = ask(
        asked_of,
        question,
        http=http_policy(asked_of),
        allowance=allowance,
        accept=read_answer,
    )
    return _keep(version, document, asked, answer)


def _why_not(document: Document | None, version: ModelVersion) -> str:
    if document is None:
        return "The text of the card is not kept whole here, so nobody was asked."
    if not may_leave(version):
        return "The card is not public, so nobody was asked."
    return "No language model is configured."


def _document(version: ModelVersion, analysis: CardAnalysis) -> Document | None:
    """Give the card as it was kept; None where that is not the text that the rules have read."""
    kept = VersionText.objects.filter(version=version, kind="card", path=PATH).first()
    if kept is None or digest_of(kept.body) != analysis.card:
        return None
    return read_document(kept.body, split(kept.body).body)


@transaction.atomic
def _keep(
    version: ModelVersion,
    document: Document,
    asked: tuple[str, ...],
    answer: Answer[Quotations],
) -> Outcome:
    """Write what the card supports beside what is known by now."""
    model = Model.objects.select_for_update().get(pk=version.model_id)  # first, as everywhere
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    known = read_analysis(version.facts)
    if known.card != digest_of(document.text):
        return Outcome(missing=known.missing, reason="The card was read anew meanwhile.")
    grounding = Grounding(document, place_of(ModelRef(model.source, model.repo_id), version.commit))
    still = [name for name in asked if name in known.missing]
    filled = grounding.fill(known, still, answer.value)
    reading = _reading(known.missing, answer, grounding.dropped)
    filled = filled.model_copy(update={"reading": reading})
    version.facts = version.facts | inspection.facts_of_card(filled)
    version.extraction_status = inspection.status_of(version.facts.get("problems"), filled)
    version.save(update_fields=["facts", "extraction_status"])
    new = tuple(name for name in known.missing if name not in filled.missing)
    if {"description", "languages"} & set(new) and model.head_id == version.pk:
        refresh_head(model)
    return Outcome(filled=new, missing=filled.missing)


def _reading(sought: tuple[str, ...], answer: Answer[Quotations], dropped: int) -> Reading:
    return Reading(
        provider=answer.provider,
        model=answer.model,
        prompt=PROMPT,
        sought=sought,
        temperature=answer.temperature,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        dropped=dropped,
        at=timezone.now(),
    )
