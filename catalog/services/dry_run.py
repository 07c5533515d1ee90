"""See what a model is and what would be decided: nothing moves, no row is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog import inspection, openness, taking, upstreams
from catalog.openness import OWN_ACCESS, check_may_ask
from catalog.services import received_papers as papers
from catalog.sources.base import Listing, ModelRef, RemoteFile, Source
from core.errors import NotPermittedError
from core.volumes import free_bytes
from downloads.planning.formats import suffix_of
from downloads.planning.limits import limits_in_words
from downloads.planning.plan import Plan, make_plan
from downloads.planning.selection import ALL, Selection
from downloads.planning.stored import stored_paths
from downloads.selectors import limits
from licenses import services as licenses
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, Reach, Scope
from registry.models import TAKEN, ModelVersion
from registry.policy import Answer, Decision, Facts, decide_admission
from registry.selectors.access import knowable_models, knowable_versions
from registry.services.gates import active_rules
from scanning.safe_twins import Scanned, held_back, warned_of
from scanning.scanners import Verdict

TO_COME = Answer(GateOutcome.PASSED, "Answered once the files are here.")


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the source says now, what would move, and what each policy would say of it."""

    ref: ModelRef
    listing: Listing
    inspected: inspection.Inspected
    license_class: str
    license_spdx: str
    decision: Decision
    existing: ModelVersion | None
    plan: Plan
    seconds: float


def dry_run(
    *, caller: Caller, text: str, token: str = "", revision: str = "", selection: Selection = ALL
) -> DryRun:
    """Ask the source about a model. What the caller may not see here changes no answer."""
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("This needs the scope request.")
    began = time.monotonic()
    ref = upstreams.parse(text)
    if revision:
        ref = upstreams.named(ref.source, ref.repo_id, revision)
    check_may_ask(caller, ref)
    with upstreams.source_for(ref.source, token=token) as source:
        listing = upstreams.pin(source, ref)
        received = papers.receive(source, listing)
        listing = papers.warned(listing, received)
        existing = _existing(caller, ref.source, listing)
        plan = _plan(caller, listing, existing, selection)
        taken = _taken(listing, plan)
        reach = upstreams.reach_of(listing) if token else Reach.OPEN
        inspected = inspection.look(taken, source=source)
        found = _license(listing, inspected, source)
    own = openness.answer_for(reach, by=caller.name) if token else OWN_ACCESS
    own = openness.as_open_there(own, received.kept if received else None)
    return DryRun(
        ref=ref,
        listing=listing,
        inspected=inspected,
        license_class=found.license_class,
        license_spdx=found.spdx,
        decision=_decision(own, taken, inspected, found),
        existing=existing,
        plan=plan,
        seconds=time.monotonic() - began,
    )


def _license(listing: Listing, inspected: inspection.Inspected, source: Source) -> licenses.Answer:
    return licenses.look(
        card=inspected.facts.get("card") or {},
        paths=[file.path for file in listing.files],
        read=lambda path: source.read_text(listing.ref, path, licenses.MAX_TEXT),
    )


def _decision(
    own: Answer, taken: Listing, inspected: inspection.Inspected, found: licenses.Answer
) -> Decision:
    held = _held(taken)
    served = [file for file in taken.files if file.path not in held]
    return decide_admission(
        active_rules(),
        answers={
            Gate.SOURCE: own,
            Gate.INTEGRITY: TO_COME,
            Gate.MALWARE: _warned(taken, served) or TO_COME,
            Gate.LICENSE: Answer(found.outcome, found.reason),
            Gate.METADATA: inspected.answer,
        },
        facts=Facts(
            license_class=found.license_class,
            size_bytes=sum(file.size for file in served),
            formats=frozenset(inspected.config.get("formats") or ()),
            extensions=frozenset(suffix_of(file.path) for file in served),
            largest_file=max((file.size for file in served), default=0),
            held_back=tuple(held),
        ),
        now=timezone.now(),
    )


def _held(taken: Listing) -> dict[str, str]:
    """What the source warns of and nobody misses: it would be held back, not fetched."""
    warnings = taken.scan.warnings if taken.scan else {}
    files = {
        file.path: warned_of(file.path, file.size, warnings[file.path])
        if file.path in warnings
        else Scanned(file.path, file.size, Verdict.CLEAN)
        for file in taken.files
    }
    return held_back(files, lambda _: None) if warnings else {}


def _warned(taken: Listing, served: Sequence[RemoteFile]) -> Answer | None:
    """What the source itself says against the files that would be served."""
    paths = {file.path for file in served}
    objection = taken.scan.objection(paths) if taken.scan else ""
    return Answer(GateOutcome.FAILED, objection) if objection else None


def _plan(
    caller: Caller, listing: Listing, existing: ModelVersion | None, selection: Selection
) -> Plan:
    """What would move: what the version has already stays, whatever the selection says."""
    sizes = {file.path: file.size for file in listing.files}
    left_out = taking.choice(sizes, listing.card_data, selection)
    if existing is not None:
        here = existing.files.filter(TAKEN).values_list("path", flat=True)
        left_out |= dict.fromkeys(here, "")
    knowable = knowable_models(caller)
    model = knowable.filter(source=listing.ref.source, repo_id=listing.ref.repo_id).first()
    stored = stored_paths(listing.files, model=model, among=knowable)
    size = sum(sizes[path] for path, why in left_out.items() if not why and path not in stored)
    return make_plan(
        sizes,
        selection=selection,
        left_out=left_out,
        stored=stored,
        free_bytes=free_bytes(settings.STAGING_DIR),
        limits=limits_in_words(
            limits(),
            listing.ref.source,
            title=upstreams.source_title(listing.ref.source),
            size=size,
            now=timezone.now(),
        ),
    )


def _taken(listing: Listing, plan: Plan) -> Listing:
    paths = {file.path for file in plan.files if file.state != "left_out"}
    return replace(listing, files=tuple(file for file in listing.files if file.path in paths))


def _existing(caller: Caller, source: str, listing: Listing) -> ModelVersion | None:
    versions = knowable_versions(caller).select_related("model")
    return versions.filter(
        model__source=source, model__repo_id=listing.ref.repo_id, commit=listing.commit
    ).first()


def to_context(run: DryRun) -> dict[str, Any]:
    """The dry run as JSON values, for pages and the API."""
    return {
        "source": run.ref.source,
        "repo_id": run.listing.ref.repo_id,
        "commit": run.listing.commit,
        "size_bytes": run.plan.taken.size,
        "file_count": run.plan.taken.files,
        "license_class": run.license_class,
        "license_spdx": run.license_spdx,
        "gated": bool(run.listing.gated),
        "model_type": run.inspected.model_type,
        "num_params": run.inspected.config.get("num_params"),
        "context_length": run.inspected.config.get("context_length"),
    }
