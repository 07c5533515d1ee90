"""The runs that write a bundle and take one in, step by step. Each step may be done again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from catalog import inspection, openness
from catalog.bundles import writer
from catalog.models import BundleExport, BundleImport
from catalog.pipelines.steps import leave_reason, pass_integrity, scan_version, steps
from catalog.services import bundle_export, bundle_import, bundle_rows, readings
from catalog.services.bundle_export import EXPORT_KIND, Wanted, export_path
from catalog.services.bundle_import import IMPORT_KIND, Report, Verified
from catalog.services.bundle_keys import own_trust, signing_key
from catalog.stored import StoredFiles
from core.errors import ConflictError
from core.models import RunState
from core.pipelines import Pipeline
from core.steps import StepContext
from downloads.services import watched
from licenses import services as licenses
from licenses.services import MAX_TEXT
from registry import audit
from registry.authentication import caller_of_user
from registry.callers import Caller
from registry.enums import Admission
from registry.models import SERVED, ModelVersion, User
from registry.services import gates
from registry.services.curation import close_satisfied
from registry.services.failures import clear_failure


def _caller(row: BundleExport | BundleImport) -> Caller:
    """Who asked, as they are now; nobody else's rights stand in for a person who is gone."""
    user = row.asked_by
    if not isinstance(user, User) or not user.is_active:
        raise ConflictError("Who asked for this is no longer here; somebody else has to ask.")
    return caller_of_user(user)


def _export(context: StepContext) -> BundleExport:
    return BundleExport.objects.select_related("run").get(run=context.run)


def write(context: StepContext) -> None:
    """Write papers and contents, verifying and continuing what an earlier worker left."""
    export = _export(context)
    found = export.versions.select_related("model", "parent").order_by("model__slug", "number")
    wanted = Wanted(tuple(found), export.quarantine)
    bundle_export.check_wanted(caller=_caller(export), wanted=wanted)
    key, target = signing_key(), export_path(context.run)
    head = writer.begun(target, own_trust(key))
    report = _report(context)
    if head is None:
        head = bundle_export.write_bundle(
            target,
            wanted,
            key=key,
            report=lambda done, total: report(done, total, ""),
            run=context.run,
        )
    export.size, export.manifest_sha256 = head.length, head.manifest_sha256
    export.key_id = next(iter(own_trust(key)))
    export.save(update_fields=["size", "manifest_sha256", "key_id"])
    bundle_export.note_export(
        _caller(export), wanted, outcome="done", run=context.run, digest=head.manifest_sha256
    )
    context.run.result |= {"bytes": head.length, "manifest_sha256": head.manifest_sha256}


def export_ended(context: StepContext) -> None:
    """What nobody waits for any more goes; a failed export may be continued."""
    if context.run.state == RunState.CANCELLED:
        bundle_export.discard_export(context.run)


def _import(context: StepContext) -> BundleImport:
    return BundleImport.objects.select_related("run").get(run=context.run)


def _report(context: StepContext) -> Report:
    """Tell progress; stop while a disk that bytes come to is too full."""
    tell, check = context.reporter("bytes"), watched(context.checkpoint)

    def report(done: int, total: int, words: str) -> None:
        tell(done, total, words)
        check()

    return report


def verify(context: StepContext) -> None:
    """Read the whole bundle, its signature and every digest; nothing of it is written yet."""
    row = _import(context)
    found = bundle_import.verify(Path(row.path), quarantine=row.quarantine, report=_report(context))
    bundle_rows.check_known(found.papers)
    row.manifest_sha256, row.key_id = found.head.manifest_sha256, found.signer.key_id
    row.save(update_fields=["manifest_sha256", "key_id"])
    context.run.result |= {
        "signer": found.signer.name,
        "key": found.signer.key_id,
        "yard": found.head.manifest.yard,
        "created": found.head.manifest.created,
        "told": found.told,
    }


def store(context: StepContext) -> None:
    """Write models and versions, and bring every content that is not here yet."""
    row = _import(context)
    found = bundle_import.look(Path(row.path), quarantine=row.quarantine)
    _check_same_bundle(row, found)
    bundle_rows.check_known(found.papers)
    versions = bundle_rows.pin_papers(found.papers, for_user=row.asked_by_id)
    row.versions.set(versions)
    to_decide = [version for version in versions if _is_open(version)]
    for version in to_decide:
        clear_failure(version)
    context.run.result["decide"] = sorted(
        {*context.run.result.get("decide", []), *(version.pk for version in to_decide)}
    )
    context.run.result["reach"] = {one.commit: one.reach for one in found.papers}
    bundle_rows.store_contents(
        Path(row.path), found, versions, run=context.run, report=_report(context)
    )


def _check_same_bundle(row: BundleImport, found: Verified) -> None:
    if found.head.manifest_sha256 != row.manifest_sha256:
        raise ConflictError("Another bundle has this name now; import that one by itself.")


def _is_open(version: ModelVersion) -> bool:
    """Whether this yard has still to decide; what it decided on all bytes stays decided."""
    missing = version.files.filter(SERVED, content__isnull=True).exists()
    return version.admission == Admission.PENDING or (
        version.admission == Admission.HELD and missing
    )


def _open_versions(context: StepContext) -> Iterator[ModelVersion]:
    chosen = context.run.result.get("decide", [])
    versions = list(
        ModelVersion.objects.select_related("model").filter(pk__in=chosen).order_by("pk")
    )
    for count, version in enumerate(versions):
        context.progress(count, len(versions), unit="versions", message=str(version))
        yield version


def inspect(context: StepContext) -> None:
    """Read what each version is, from its stored files."""
    for version in _open_versions(context):
        inspection.inspect(version, source=StoredFiles.of(version))
        readings.begin(version)


def license_step(context: StepContext) -> None:
    """Read each license anew, from the stored texts."""
    for version in _open_versions(context):
        licenses.answer_gate(version, read=partial(StoredFiles.of(version).whole, limit=MAX_TEXT))


def scan(context: StepContext) -> None:
    """Let the engines of this yard look at every content they have not seen."""
    for version in _open_versions(context):
        scan_version(context, version)


def decide(context: StepContext) -> None:
    """Answer what the bundle itself proves, and apply the policies of this yard."""
    result = context.run.result
    for version in _open_versions(context):
        _answer_integrity(version, result)
        openness.answer_for_bundle(
            version, reach=result["reach"][version.commit], brought=_brought(version, result)
        )
        decided = gates.decide(version=version)
        close_satisfied(decided.model)
    row = _import(context)
    known = row.versions.values_list("admission", flat=True)
    result["admissions"] = {word: list(known).count(word) for word in set(known)}
    audit.record(
        actor=_caller(row) if row.asked_by_id else "command line",
        action="bundle.import",
        subject_type="bundle",
        subject=Path(row.path).name,
        details={"manifest_sha256": row.manifest_sha256, "key": row.key_id}
        | {"versions": [str(version) for version in row.versions.select_related("model")]},
    )


def _brought(version: ModelVersion, result: dict[str, Any]) -> dict[str, Any]:
    """What is kept of the bundle with the version: who sent it and what they concluded."""
    named = {name: result[name] for name in ("signer", "key", "yard", "created")}
    return named | {"told": result["told"].get(version.commit, {})}


def _answer_integrity(version: ModelVersion, result: dict[str, Any]) -> None:
    pass_integrity(
        version,
        count=version.file_count,
        size=version.size_bytes,
        what=f"the digests that {result['signer']} signed",
        key=result["key"],
    )


def import_ended(context: StepContext) -> None:
    """Leave the reason with versions that no decision was reached on."""
    run = context.run
    if run.state == RunState.DONE:
        return
    if run.state == RunState.CANCELLED:
        bundle_rows.discard_staged(str(run.pk))
    for version in _import(context).versions.all():
        leave_reason(run, version)


EXPORT = Pipeline(
    kind=EXPORT_KIND,
    title="Export bundle",
    steps=steps(write=write),
    on_end=export_ended,
)
IMPORT = Pipeline(
    kind=IMPORT_KIND,
    title="Import bundle",
    steps=steps(
        verify=verify,
        store=store,
        inspect=inspect,
        license=license_step,
        scan=scan,
        decide=decide,
    ),
    on_end=import_ended,
)
