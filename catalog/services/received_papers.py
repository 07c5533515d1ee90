"""Ask the yard that a model comes from what it found: that can hold it back and opens no gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from catalog import openness
from catalog.bundles import papers as paper_files
from catalog.bundles.papers import HELD_THERE, LEFT_THERE
from catalog.bundles.sent import UNREADABLE, Sent, check_subject, read_sent
from catalog.bundles.signing import UNTRUSTED, claimed_keys
from catalog.enums import PapersState
from catalog.services.bundle_keys import trusted_keys
from catalog.services.bundle_told import told_in, unsafe_paths
from catalog.sources.base import Listing, Source
from catalog.sources.yards import YardSource
from core.errors import (
    BundleRefusedError,
    IntegrityError,
    ModelyardError,
    TooLargeError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from core.plain_values import plain_values
from registry.enums import Admission, Reach, ScanVerdict
from registry.models import ModelVersion
from registry.services.versions import FileEntry
from registry.source_scan import KEY, MOST, SourceScan, read_source_scan

RESULT: Final = "papers"  # in the result of a run, from the step that asks to the one that decides
_DIGESTS: Final = "digests"
_NOT_OFFERED: Final = frozenset({Admission.HELD, Admission.WITHDRAWN})
_SAID: Final = {
    PapersState.UNTRUSTED: "Papers signed by a key that is not trusted here.",
    PapersState.UNSIGNED: "Papers that nobody signed.",
}
_NONE: Final[tuple[tuple[type[ModelyardError], PapersState, str], ...]] = (
    (UpstreamNotFoundError, PapersState.ABSENT, "The yard it comes from has no papers of it"),
    (UpstreamForbiddenError, PapersState.FORBIDDEN, "The yard it comes from refuses its papers"),
    (UpstreamError, PapersState.DOWN, "The yard it comes from did not give its papers"),
    (TooLargeError, PapersState.MALFORMED, "Its papers are too large to be read"),
)


@dataclass(frozen=True, slots=True)
class Received:
    """What a yard answered. `kept` is what stays with the version and is shown.

    `sent` is None where there are no papers that count: `kept` says why.
    """

    kept: Mapping[str, Any]
    sent: Sent | None = None
    levels: Mapping[str, str] = field(default_factory=dict)

    @property
    def hides(self) -> bool:
        """Whether the source hides the model from who has no access of their own."""
        paper = self.sent.version if self.sent else None
        return paper is not None and (paper.private or paper.reach == Reach.PRIVATE.value)


def receive(source: Source, listing: Listing) -> Received | None:
    """Ask for the papers of what was resolved, by one request; None where no yard answered.

    Papers that cannot be had, or that are not of this listing, stop nothing: what is kept says so.
    """
    if not isinstance(source, YardSource):
        return None
    try:
        content = source.papers(listing.ref)
    except UpstreamRateLimitError:
        raise  # later they may be had
    except (UpstreamNotFoundError, UpstreamForbiddenError, UpstreamError, TooLargeError) as error:
        return _none(error)
    return None if content is None else _read(content, listing)


def _none(error: ModelyardError) -> Received:
    state, words = next((s, words) for kind, s, words in _NONE if isinstance(error, kind))
    return _without(state, f"{words}: {error.message}")


def _without(state: PapersState, said: str) -> Received:
    return Received({"state": state.value, "said": said[:500]})


def _read(content: bytes, listing: Listing) -> Received:
    """Read papers, hold them against the listing, and find out whose they are."""
    try:
        sent = read_sent(content)
        check_subject(sent, repo_id=listing.ref.repo_id, commit=listing.commit, files=listing.files)
        state, signer, key = _signed(sent)
    except BundleRefusedError as error:
        bad = error.details.get("reason") in UNREADABLE
        state = PapersState.MALFORMED if bad else PapersState.REFUSED
        return _without(state, error.message)
    kept = {
        "state": state.value,
        "said": _SAID.get(state, f"Papers signed by {signer}."),
        "signer": signer,
        "key": key,
        "yard": sent.manifest.yard,
        "created": sent.manifest.created,
        openness.REACH: sent.version.reach,
        "told": told_in(sent.documents, sent.folder),
        _DIGESTS: _digests(sent, listing),
    }
    found = unsafe_paths(sent.documents[f"{sent.folder}/{paper_files.SCAN}"])
    given = {path: word for path, word in found.items() if path in sent.given}
    return Received(kept, sent, given)


def _signed(sent: Sent) -> tuple[PapersState, str, str]:
    """Say whether a key that is trusted here signed, who that is, and the key that is named."""
    try:
        signer = sent.signer(trusted_keys())
    except BundleRefusedError as error:
        if error.details.get("reason") != UNTRUSTED:
            raise
        return PapersState.UNTRUSTED, "", claimed_keys(sent.signature or b"")[0]
    if signer is None:
        return PapersState.UNSIGNED, "", ""
    return PapersState.TRUSTED, signer.name, signer.key_id


def _digests(sent: Sent, listing: Listing) -> dict[str, str]:
    """The hashes that the papers alone give: they are compared once the bytes are here."""
    small = (file.path for file in listing.files if not file.sha256)
    return {path: sent.given[path].sha256 for path in small}


def warned(listing: Listing, received: Received | None) -> Listing:
    """Add what the papers say against the version to what its source warns of."""
    if received is None or received.sent is None:
        return listing
    told = received.kept["told"]
    against = ""
    if told["scan_verdict"] == ScanVerdict.UNSAFE:
        against = "The yard it comes from calls it unsafe."
    elif told["admission"] in _NOT_OFFERED:
        against = f"The yard it comes from does not offer it: it is {told['admission']} there."
    levels = dict(list(received.levels.items())[:MOST])
    whole = len(levels) == len(received.levels)
    said = SourceScan(is_done=True, levels=levels, is_whole=whole, against=against)
    return replace(listing, scan=said.beside(listing.scan))


def scan_of(
    listing: Listing, received: Received | None, version: ModelVersion
) -> SourceScan | None:
    """What the source says now. Where a yard gave no papers that count, its last word stands."""
    if received is None or received.sent is not None or listing.scan is None:
        return listing.scan
    return listing.scan.beside(read_source_scan(version.facts.get(KEY)))


def not_given(received: Received | None) -> list[FileEntry]:
    """The files of the commit that the yard has and does not give, as they are pinned here."""
    if received is None or received.sent is None:
        return []
    return [
        FileEntry(
            file.path,
            file.size,
            file.git_oid,
            file.sha256,
            file.lfs,
            left_out=HELD_THERE if file.left_out == HELD_THERE else LEFT_THERE,
        )
        for file in received.sent.not_given
    ]


def keep(result: dict[str, Any], received: Received | None) -> None:
    """Keep what was answered with the run, until its version is decided."""
    if received is not None:
        result[RESULT] = plain_values(received.kept)


def check_bytes(version: ModelVersion, result: dict[str, Any]) -> None:
    """Compare the hashes that papers gave with those of the bytes, once they are here.

    Papers by a trusted key that say otherwise stop the import; any others are refused.
    """
    kept = result.get(RESULT) or {}
    told = kept.get(_DIGESTS, {})
    stored = version.files.filter(path__in=told, content__isnull=False)
    wrong = sorted(path for path, own in stored.values_list("path", "sha256") if own != told[path])
    if not wrong:
        return
    said = f"The papers are refused: {wrong[0]} has another SHA-256 than they say"
    if kept["state"] == PapersState.TRUSTED:
        raise IntegrityError(f"{said}, which {kept['signer']} signed.", expected=told[wrong[0]])
    result[RESULT] = dict(_without(PapersState.REFUSED, f"{said}.").kept)


def kept_by(result: dict[str, Any]) -> dict[str, Any] | None:
    """What stays with the version and its run; None where no yard was asked."""
    kept: dict[str, Any] | None = result.get(RESULT)
    if kept is not None:
        kept.pop(_DIGESTS, None)
    return kept
