"""Put together what a bundle says of each version, from rows and small stored files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from catalog.bundles import manifest as manifests
from catalog.bundles import papers
from catalog.bundles.layout import content_path
from catalog.bundles.manifest import ListedMember, ListedVersion, Manifest
from catalog.bundles.papers import Told, ToldFile, VersionPaper
from catalog.inspection import listing_of
from catalog.mlbom import bom_of
from core.storage.configured import content_store
from licenses.services import MAX_TEXT, license_paths
from registry.enums import Admission, Gate, GateOutcome, Reach
from registry.models import GateResult, ModelFile, ModelVersion
from scanning.sarif import sarif_of

MAX_CARD = 16 << 20
MAX_LICENSES = 20
CARD_NAMES = ("README.md", "readme.md", "Readme.md")


@dataclass(frozen=True, slots=True)
class Collected:
    """A manifest and the papers that it names, by their place in the archive."""

    manifest: Manifest
    documents: dict[str, bytes]


def collect(
    versions: Sequence[ModelVersion], *, made_at: datetime, quarantine: str = ""
) -> Collected:
    """Write the papers of these versions and the manifest over them and their contents."""
    documents: dict[str, bytes] = {}
    contents: dict[str, int] = {}
    listed = []
    for index, version in enumerate(versions, start=1):
        folder = f"versions/{index:04}"
        files = list(version.files.select_related("content").order_by("path"))
        for name, body in _papers_of(version, files, made_at):
            documents[f"{folder}/{name}"] = body
        contents |= {file.sha256: file.size for file in files if _is_sent(file)}
        listed.append(_listed(version, folder))
    return _collected(listed, documents, contents, made_at=made_at, quarantine=quarantine)


def collect_statements(version: ModelVersion, *, made_at: datetime) -> Collected:
    """Write what is said of one version that is known by its bytes: no contents, no texts of it."""
    folder = f"versions/{1:04}"
    files = list(version.files.select_related("content").order_by("path"))
    told = _statements_of(version, files, made_at, card="", licenses={})
    documents = {f"{folder}/{name}": body for name, body in told}
    return _collected([_listed(version, folder)], documents, {}, made_at=made_at)


def _collected(
    listed: list[ListedVersion],
    documents: dict[str, bytes],
    contents: Mapping[str, int],
    *,
    made_at: datetime,
    quarantine: str = "",
) -> Collected:
    members = [
        *(_document(path, documents[path]) for path in sorted(documents)),
        *(
            ListedMember(path=content_path(sha256), sha256=sha256, size=contents[sha256])
            for sha256 in sorted(contents)
        ),
    ]
    made = Manifest(
        created=made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        yard=settings.APP_NAME,
        yard_version=settings.VERSION,
        quarantine=quarantine,
        versions=listed,
        members=members,
    )
    return Collected(made, documents)


def _document(path: str, body: bytes) -> ListedMember:
    return ListedMember(path=path, sha256=manifests.digest(body), size=len(body))


def _listed(version: ModelVersion, folder: str) -> ListedVersion:
    return ListedVersion(
        source=version.model.source,
        repo_id=version.model.repo_id,
        commit=version.commit,
        number=version.number,
        admission=Admission(version.admission).value,
        bytes=version.size_bytes,
        folder=folder,
    )


def _papers_of(
    version: ModelVersion, files: Sequence[ModelFile], made_at: datetime
) -> Iterator[tuple[str, bytes]]:
    """Name every paper of a version with its bytes."""
    by_path = {file.path: file for file in files if _is_sent(file)}
    card = next((name for name in CARD_NAMES if name in by_path), "")
    found = license_paths(by_path, (version.facts.get("card") or {}).get("license_link"))
    texts = [path for path in found if by_path[path].size <= MAX_TEXT][:MAX_LICENSES]
    licenses = {f"license-{n:02}.txt": path for n, path in enumerate(texts, start=1)}
    yield from _statements_of(version, files, made_at, card=card, licenses=licenses)
    if card and by_path[card].size <= MAX_CARD:
        yield papers.CARD, _small(by_path[card])
    for name, path in licenses.items():
        yield name, _small(by_path[path])


def _statements_of(
    version: ModelVersion,
    files: Sequence[ModelFile],
    made_at: datetime,
    *,
    card: str,
    licenses: dict[str, str],
) -> Iterator[tuple[str, bytes]]:
    """Name what the yard itself says of a version; nothing of it is a file of the version."""
    yield papers.VERSION, papers.written(_version_paper(version, files, card, licenses))
    yield papers.DECISION, papers.written(_decision(version))
    yield papers.SCAN, papers.written(sarif_of(version))
    taken = [file for file in files if _is_sent(file)]
    bom = bom_of(version, taken, made_at=made_at, yard=settings.APP_NAME, release=settings.VERSION)
    yield papers.BOM, papers.written(bom)


def _small(file: ModelFile) -> bytes:
    return content_store().read_range(file.sha256, 0, file.size)


def _version_paper(
    version: ModelVersion, files: Sequence[ModelFile], card: str, licenses: dict[str, str]
) -> VersionPaper:
    listing = listing_of(version)
    model = version.model
    told = {name: getattr(listing, name) for name in Told.model_fields if hasattr(listing, name)}
    told |= {
        "source_tags": list(listing.tags),
        "base_models": list(listing.base_models),
        "moved_from": listing.moved_from or "",
        "gated": str(listing.gated or ""),
    }
    return VersionPaper(
        source=model.source,
        repo_id=model.repo_id,
        commit=version.commit,
        number=version.number,
        parent=version.parent.commit if version.parent else "",
        private=model.is_private,
        reach=_reach(version),
        told=Told.model_validate(told),
        files=[_told_file(file) for file in files],
        card=card,
        licenses=licenses,
        model_type=version.model_type,
        config=version.config,
        facts=version.facts,
        parameters=model.parameters,
        tags=list(model.tags.values_list("name", flat=True)),
        changes=version.changes,
    )


def _told_file(file: ModelFile) -> ToldFile:
    return ToldFile(
        path=file.path,
        size=file.size,
        sha256=file.sha256,
        git_oid=file.git_oid,
        lfs=file.is_lfs,
        left_out=file.left_out or (papers.HELD_THERE if file.held_back else ""),
    )


def _is_sent(file: ModelFile) -> bool:
    """What is not served here does not leave by a bundle either."""
    return not file.left_out and not file.held_back


def _reach(version: ModelVersion) -> Any:  # noqa: ANN401 one of the three words
    """How open the version is at its source; what was never asked counts as private."""
    answer = version.gates.filter(gate=Gate.SOURCE).first()
    if answer is None:
        return Reach.PRIVATE.value
    if answer.outcome == GateOutcome.PASSED:
        return Reach.OPEN.value
    told = answer.evidence.get("reach")
    return told if told in Reach.values else Reach.PRIVATE.value


def _decision(version: ModelVersion) -> dict[str, Any]:
    """Write the decision with gates and evidence. Names of people stay in the yard."""
    return {
        "admission": version.admission,
        "lowest_tier": version.lowest_tier,
        "decided_at": version.decided_at,
        "scan_verdict": version.scan_verdict,
        "license": {"spdx": version.license_spdx, "class": version.license_class},
        "policies": [_unnamed(tier) for tier in version.decision.get("tiers") or []],
        "gates": [_gate(row) for row in version.gates.order_by("gate")],
        "waivers": list(
            version.waivers.values("gate", "tier", "reason", "granted_at", "expires_at")
        ),
    }


def _unnamed(tier: dict[str, Any]) -> dict[str, Any]:
    reasons = [
        {**reason, "reason": "" if reason["gate"] == Gate.SOURCE else reason["reason"]}
        for reason in tier["reasons"]
    ]
    return {**tier, "reasons": reasons}


def _gate(row: GateResult) -> dict[str, Any]:
    told = {
        "gate": row.gate,
        "outcome": row.outcome,
        "mode": row.mode,
        "answered_at": row.answered_at,
        "reason": row.reason,
        "evidence": row.evidence,
    }
    if row.gate == Gate.SOURCE:  # it says with whose token the version was read
        told |= {"reason": "", "evidence": {"reach": row.evidence.get("reach", "")}}
    if accepted := row.evidence.get("waivers"):  # of findings, on which the answer rests
        unnamed = [{k: v for k, v in one.items() if k != "granted_by"} for one in accepted]
        told["evidence"] = {**row.evidence, "waivers": unnamed}
    return told


def total_bytes(members: Iterable[ListedMember]) -> int:
    """Sum the contents: papers are small."""
    return sum(one.size for one in members if one.path.startswith("contents/"))
