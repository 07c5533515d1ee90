"""See what a model is and what would be decided: nothing moves, no row is written."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog import inspection, openness, upstreams
from catalog.openness import OWN_ACCESS, check_may_ask
from catalog.sources.base import Listing, ModelRef
from core.errors import NotPermittedError
from licenses import services as licenses
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, Reach, Scope
from registry.models import ModelVersion
from registry.policy import Answer, Decision, Facts, decide_admission
from registry.selectors.access import knowable_versions
from registry.services.gates import active_rules

TO_COME = Answer(GateOutcome.PASSED, "Answered once the files are here.")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the source says now and what each policy would say of it."""

    ref: ModelRef
    listing: Listing
    inspected: inspection.Inspected
    license_class: str
    license_spdx: str
    decision: Decision
    existing: ModelVersion | None
    free_bytes: int
    seconds: float


def dry_run(*, caller: Caller, text: str, token: str = "") -> DryRun:
    """Ask the source about a model. What the caller may not see here changes no answer."""
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("This needs the scope request.")
    began = time.monotonic()
    ref = upstreams.parse(text)
    check_may_ask(caller, ref)
    with upstreams.source_for(ref.source, token=token) as source:
        listing = upstreams.pin(source, ref)
        reach = upstreams.reach_of(listing) if token else Reach.OPEN
        inspected = inspection.look(listing, source=source)
        found = licenses.look(
            card=inspected.facts.get("card") or {},
            paths=[file.path for file in listing.files],
            read=lambda path: source.read_text(listing.ref, path, licenses.MAX_TEXT),
        )
    decision = decide_admission(
        active_rules(),
        answers={
            Gate.SOURCE: openness.answer_for(reach, by=caller.name) if token else OWN_ACCESS,
            Gate.INTEGRITY: TO_COME,
            Gate.MALWARE: TO_COME,
            Gate.LICENSE: Answer(found.outcome, found.reason),
            Gate.METADATA: inspected.answer,
        },
        facts=Facts(
            license_class=found.license_class,
            size_bytes=listing.size,
            formats=frozenset(inspected.config.get("formats") or ()),
        ),
        now=timezone.now(),
    )
    return DryRun(
        ref=ref,
        listing=listing,
        inspected=inspected,
        license_class=found.license_class,
        license_spdx=found.spdx,
        decision=decision,
        existing=_existing(caller, ref.source, listing),
        free_bytes=_free(),
        seconds=time.monotonic() - began,
    )


def _existing(caller: Caller, source: str, listing: Listing) -> ModelVersion | None:
    versions = knowable_versions(caller).select_related("model")
    return versions.filter(
        model__source=source, model__repo_id=listing.ref.repo_id, commit=listing.commit
    ).first()


def _free() -> int:
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(settings.STATE_DIR).free


def to_context(run: DryRun) -> dict[str, Any]:
    """The dry run as JSON values, for pages and the API."""
    return {
        "source": run.ref.source,
        "repo_id": run.listing.ref.repo_id,
        "commit": run.listing.commit,
        "size_bytes": run.listing.size,
        "file_count": len(run.listing.files),
        "license_class": run.license_class,
        "license_spdx": run.license_spdx,
        "gated": bool(run.listing.gated),
        "model_type": run.inspected.model_type,
        "num_params": run.inspected.config.get("num_params"),
        "context_length": run.inspected.config.get("context_length"),
    }
