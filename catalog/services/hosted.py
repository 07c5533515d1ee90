"""Record what a catalog says of a model that others host: a model, a version, and no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from catalog import upstreams
from catalog.cards.analysis import (
    ADDRESSES,
    KEY,
    LISTS,
    LONGEST_ITEM,
    MOST_ITEMS,
    MOST_PAPERS,
    Address,
    CardAnalysis,
    Item,
    Paper,
)
from catalog.sources.cloud.facts import Told, config_of, facts_of, kind_of
from core.errors import NotPermittedError, UpstreamNotFoundError
from licenses import services as licenses
from registry import audit
from registry.callers import Caller
from registry.configs import config_class
from registry.enums import Gate, GateOutcome, Scope
from registry.models import Model, ModelVersion
from registry.selectors.access import visible_models
from registry.services import gates
from registry.services.curation import request_access
from registry.services.versions import add_tags, ensure_model, pin_version, record_inspection

_NO_BYTES = "It is hosted elsewhere: there are no bytes here to {}."


def record_hosted(
    *, caller: Caller, model_uri: str, service_url: str = ""
) -> tuple[Model, ModelVersion]:
    """Ask the catalog for a hosted model and write down what it says.

    The same words make the same version. It is never admitted: nothing of it can be verified or
    scanned, so integrity and malware stay unknown, which nobody may waive, and a version without
    files is held whatever the policies say (registry.services.gates.decide).
    """
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("This needs the scope request.")
    with upstreams.hosted_catalog(service_url) as source:
        told = source.told(model_uri)
    model, version = _write(told)
    if version.decided_at is None:
        licenses.answer_gate(version, read=_nothing)
        version = gates.decide(version=version)
    model.refresh_from_db()
    if not visible_models(caller).filter(pk=model.pk).exists():
        request_access(caller=caller, model=model)  # who asked may know the answer
    audit.record(
        actor=caller,
        action="hosted.record",
        subject_type="version",
        subject=str(version),
        outcome=version.extraction_status,
        details={"service": told.service},
    )
    return model, version


@transaction.atomic
def _write(told: Told) -> tuple[Model, ModelVersion]:
    facts, kind = facts_of(told), kind_of(told.details)
    model = ensure_model(
        source=upstreams.HOSTED, repo_id=told.details.uri, author=told.details.provider_name or ""
    )
    version = pin_version(model=model, commit=told.commit, files=(), facts=facts)
    config, faults = _config(kind, config_of(told.details))
    problems = [f"{name} has no usable value: {words}" for name, words in faults.items()]
    if told.missing:
        problems.append(f"Not told: {', '.join(told.missing)}")
    record_inspection(
        version=version,
        model_type=kind,
        config=config,
        facts=facts
        | {
            "problems": problems,
            "missing": [*told.missing, *faults],
            KEY: _analysis(facts).model_dump(mode="json"),
        },
        status=_status(told, problems),
    )
    add_tags(model=model, names=facts["tags"])
    _answer_gates(version, told, problems)
    return model, version


def _status(told: Told, problems: list[str]) -> str:
    """What is missing comes first: a cache that holds half of it is no whole answer."""
    if problems:
        return "partial"
    return "cached" if told.is_cached else "completed"


def _analysis(facts: Mapping[str, Any]) -> CardAnalysis:
    """Put what the service says of uses, limits, papers and addresses as a card's words are put."""
    items = {
        name: tuple(
            Item(text=text[:LONGEST_ITEM], by="service")
            for text in facts[name][:MOST_ITEMS]
            if text
        )
        for name in LISTS
    }
    papers = tuple(
        Paper(title=(paper.get("title") or "")[:LONGEST_ITEM], url=paper["url"] or "", by="service")
        for paper in facts["papers"][:MOST_PAPERS]
    )
    addresses = {
        name: Address(url=facts[name][:600], by="service") for name in ADDRESSES if facts[name]
    }
    return CardAnalysis(**items, papers=papers, **addresses)


def _config(kind: str, facts: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    """Build the typed configuration; a value that its field refuses is named and left unknown."""
    cls = config_class(kind)
    known = {name: value for name, value in facts.items() if name in cls.model_fields}
    try:
        return cls.model_validate(known).model_dump(mode="json"), {}
    except ValidationError as error:
        faults = {str(one["loc"][0]): one["msg"] for one in error.errors(include_input=False)}
    kept = {name: value for name, value in known.items() if name not in faults}
    return cls.model_validate(kept).model_dump(mode="json"), faults


def _answer_gates(version: ModelVersion, told: Told, problems: list[str]) -> None:
    metadata = GateOutcome.FAILED if problems else GateOutcome.PASSED
    answers = {
        Gate.SOURCE: (GateOutcome.PASSED, f"{told.service} tells it to this yard."),
        Gate.INTEGRITY: (GateOutcome.UNKNOWN, _NO_BYTES.format("verify")),
        Gate.MALWARE: (GateOutcome.UNKNOWN, _NO_BYTES.format("scan")),
        Gate.METADATA: (metadata, problems[0] if problems else f"{told.service} told all of it."),
    }
    for gate, (outcome, reason) in answers.items():
        gates.record_gate(version=version, gate=gate, outcome=outcome, reason=reason)


def _nothing(path: str) -> bytes:
    raise UpstreamNotFoundError(f"A hosted model has no file {path}.")
