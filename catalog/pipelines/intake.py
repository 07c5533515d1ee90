"""The admission pipeline: what happens to a model from the request to the decision, step by step.

Each step is idempotent: it reads rows, does what is missing and writes. The apps below know how.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from catalog import inspection, openness, taking, upstreams
from catalog.models import Asker, Intake
from catalog.pipelines.source import intake_of, pinned, source_of, token_of, transfer_of, version_of
from catalog.pipelines.steps import leave_reason, pass_integrity, scan_version, steps
from catalog.selectors.runs import working_on
from catalog.services import readings, watches
from catalog.services import received_papers as papers
from catalog.services.changes import note_changes
from catalog.services.intake import KIND
from catalog.sources.base import ModelRef
from core import vault
from core.errors import VersionBusyError
from core.models import RunState
from core.pipelines import Pipeline
from core.steps import StepContext
from downloads import services as downloads
from downloads.planning.selection import Selection
from licenses import services as licenses
from registry.enums import Admission, Gate, GateOutcome, Reach
from registry.models import WANTED, Model, ModelVersion
from registry.services import gates
from registry.services.curation import ask_curator_of, close_satisfied, request_access_of
from registry.services.failures import clear_failure
from registry.services.heads import refresh_head
from registry.services.names import add_alias, name_version
from registry.services.taking import take_in
from registry.services.versions import ensure_model, note_source_scan, pin_version
from scanning.services.warned import answer_by_source

MOVES_BYTES = ("fetch", "verify", "scan")


def resolve(context: StepContext) -> None:
    """Pin the request to a commit and write down its files."""
    intake = intake_of(context)
    ref = ModelRef(intake.source, intake.repo_id, intake.revision or None)
    with source_of(context, intake.source) as source:
        listing = upstreams.pin(source, ref)
        received = papers.receive(source, listing)
    listing = papers.warned(listing, received)
    context.progress(0, len(listing.files), unit="files", message=f"commit {listing.commit[:7]}")
    hidden = bool(intake.token_by) and upstreams.reach_of(listing) == Reach.PRIVATE
    hidden = hidden or bool(received and received.hides)
    model = ensure_model(
        source=intake.source,
        repo_id=listing.ref.repo_id,
        is_private=hidden,
        title=listing.title,
        author=listing.author if listing.title else "",
    )
    taken = taking.entries_of(listing, Selection.from_json(intake.selection))
    version = pin_version(
        model=model,
        commit=listing.commit,
        files=[*taken, *papers.not_given(received)],
        facts=inspection.facts_of_listing(listing),
        needs_curator=intake.needs_curator,
    )
    note_source_scan(version=version, scan=papers.scan_of(listing, received, version))
    papers.keep(context.run.result, received)
    name_version(version, intake.revision)
    add_alias(model, intake.source, listing.moved_from or "")
    _take(context, intake, model, version)


@transaction.atomic
def _take(context: StepContext, intake: Intake, model: Model, version: ModelVersion) -> None:
    """Make this run the one that works on the version.

    A second one ends and sends people there; where it wants more files, or is to do all of it
    again, it waits for its turn.
    """
    model = Model.objects.select_for_update().get(pk=model.pk)
    _want(context, version)
    first = working_on(version, besides=context.run)
    if first is not None and intake.force:
        raise _busy(version)
    intake.model, intake.version = model, version
    intake.save(update_fields=["model", "version"])
    clear_failure(version)
    for asker in _who_may_know(intake, model):
        request_access_of(user_id=asker.user_id, model=model)
    if model.head_id is None:
        refresh_head(model)
    context.run.result |= {"model": model.slug, "commit": version.commit, "version": version.number}
    if first is not None:
        for asker in intake.askers.all():
            first.askers.get_or_create(user_id=asker.user_id)
        _lend_token(context, intake, first)
        context.run.result["joined"] = str(first.run_id)
        context.skip(
            "inspect", "license", "outlook", *MOVES_BYTES, "decide", message="Another job does this"
        )
    elif inspection.is_whole(version) and not intake.force:
        context.skip("inspect", message="Inspected before")


@transaction.atomic
def _want(context: StepContext, version: ModelVersion) -> None:
    """Send for the files that were left out and that this run is to bring, once it is its turn."""
    Model.objects.select_for_update().get(pk=version.model_id)
    intake = intake_of(context)
    more = taking.wider(version, Selection.from_json(intake.selection))
    if more and working_on(version, besides=context.run) is not None:
        raise _busy(version)
    taking.widen(version, more, intake=intake)


def _busy(version: ModelVersion) -> VersionBusyError:
    return VersionBusyError(
        f"Another job works on {version}. This one goes on when that has ended.", retry_after=5
    )


def _who_may_know(intake: Intake, model: Model) -> QuerySet[Asker]:
    """Who asked; of a model that its source hides, only who could read it there."""
    askers = intake.askers.all()
    if model.is_private and intake.token_by:
        return askers.filter(user__username=intake.token_by)
    return askers


def _lend_token(context: StepContext, intake: Intake, first: Intake) -> None:
    """Let the run that does the work use the token that only the later one was given."""
    if intake.token_by and not first.token_by:
        vault.keep(str(first.run_id), token_of(context))
        Intake.objects.filter(pk=first.pk).update(token_by=intake.token_by)


def inspect(context: StepContext) -> None:
    """Read what the model is from configuration, card and headers; weights stay where they are."""
    version = version_of(context)
    _want(context, version)  # again: a run that ended early had put back what it was to bring
    anew = intake_of(context).force
    with source_of(context, version.model.source) as source:
        inspection.inspect(version, source=source, anew=anew)
    note_changes(version)
    readings.begin(version, again=anew)


def license_step(context: StepContext) -> None:
    """Read the license from the card and the license files and answer its gate."""
    version = version_of(context)
    ref = pinned(version)
    with source_of(context, version.model.source) as source:
        licenses.answer_gate(
            version, read=lambda path: source.read_text(ref, path, licenses.MAX_TEXT)
        )
    note_changes(version)


def outlook(context: StepContext) -> None:
    """Stop before bytes move when no policy could admit the version whatever our scan says.

    What the source itself warns of is not fetched: held back where nobody misses it.
    """
    version = version_of(context)
    warned = answer_by_source(version)
    facts = gates.facts_of(version, coming=True)
    anew = taking.TO_COME - {Gate.MALWARE} if warned else taking.TO_COME
    decision = gates.preview(version, anew=anew, facts=facts)
    if decision.lowest_tier:
        context.run.result["outlook"] = decision.lowest_tier
        return
    context.run.result["outlook"] = "held"
    context.skip(*MOVES_BYTES, message="No policy can admit it, so nothing is fetched")


def fetch(context: StepContext) -> None:
    """Bring every file that is taken and not stored yet into staging."""
    with transfer_of(context, checkpoint=downloads.watched(context.checkpoint)) as transfer:
        downloads.fetch(transfer, keep=downloads.keep_arrived)


def verify(context: StepContext) -> None:
    """Compare every file with its published hash and store it by its SHA-256."""
    with transfer_of(context) as transfer:
        downloads.verify_and_store(transfer)
    version = transfer.version
    papers.check_bytes(version, context.run.result)
    pass_integrity(
        version,
        count=version.files.filter(WANTED, content__isnull=False).count(),
        size=gates.facts_of(version, coming=True).size_bytes,
        what="their published hashes",
    )


def scan(context: StepContext) -> None:
    """Let every engine look at every content it has not seen yet, and answer the malware gate."""
    scan_version(context, version_of(context), again=intake_of(context).force)


def decide(context: StepContext) -> None:
    """Apply the policies and store the decision with its reasons."""
    version = version_of(context)
    source = openness.answer_gate(version, brought=papers.kept_by(context.run.result))
    with transaction.atomic():
        Model.objects.select_for_update().get(pk=version.model_id)  # first, as everywhere
        taken = take_in(version)
        version = gates.decide(version=version)
    close_satisfied(version.model)
    watches.begin(version)
    if source.outcome != GateOutcome.PASSED:
        by = intake_of(context).token_by
        ask_curator_of(username=by, model=version.model, reason=source.reason)
    context.run.result |= {"admission": version.admission, "lowest_tier": version.lowest_tier}
    if taken:
        context.run.result["taken_in"] = taken


def on_end(context: StepContext) -> None:
    """Forget the token, and leave the reason behind where no decision was reached.

    A run that failed for good on its bytes leaves a held version. One that was to bring more files
    of a version leaves it as it was.
    """
    run = context.run
    vault.forget(str(run.pk))
    version = Intake.objects.get(run=run).version
    if version is None or run.state == RunState.DONE:
        return
    if run.state == RunState.CANCELLED:
        downloads.discard_staged(version)
        downloads.end_transfers(run)
    leave_reason(run, version)
    if taking.leave_out_again(version) and version.admission == Admission.ADMITTED:
        return
    if run.error_code == "integrity_mismatch":
        gates.record_gate(
            version=version,
            gate=Gate.INTEGRITY,
            outcome=GateOutcome.FAILED,
            reason=run.error,
            evidence=run.error_details,
        )
        gates.decide(version=version)


PIPELINE = Pipeline(
    kind=KIND,
    title="Import",
    steps=steps(
        resolve=resolve,
        inspect=inspect,
        license=license_step,
        outlook=outlook,
        fetch=fetch,
        verify=verify,
        scan=scan,
        decide=decide,
    ),
    on_end=on_end,
)
