"""What a look at the source means: values of the last look and of this one in, events out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.enums import EventKind, Reach, UpdateRule

READABLE: Final = frozenset({Reach.OPEN, Reach.PRIVATE})


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found. None: not known yet, so nothing can have changed."""

    commit: str = ""
    repo_id: str = ""
    reach: str = Reach.OPEN.value
    gated: str | None = None
    license: str | None = None
    lost_commit: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at the source, in a sentence."""

    kind: EventKind
    text: str
    commit: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


def unreadable(before: Seen, reach: Reach) -> Seen:
    """What is known once the source no longer shows the model: where it is, all else as it was."""
    return replace(before, reach=reach.value)


def events_between(
    before: Seen, after: Seen, *, continues: bool | None, is_here: bool
) -> list[Event]:
    """Name every change once. `continues`: the new commit descends from the one known before."""
    found = [*_reach(before, after)]
    if after.reach in READABLE:
        found += [*_name(before, after), *_terms(before, after)]
        found += _commits(before, after, continues=continues, is_here=is_here)
    if after.lost_commit and after.lost_commit != before.lost_commit:
        text = f"The source no longer has commit {after.lost_commit[:7]}, which is main here."
        found.append(Event(EventKind.COMMIT_VANISHED, text, after.lost_commit))
    return found


def _reach(before: Seen, after: Seen) -> Iterator[Event]:
    if before.reach == after.reach:
        return
    details = {"before": before.reach, "after": after.reach}
    kind, text = {
        Reach.HIDDEN: (
            EventKind.REPOSITORY_VANISHED,
            "The source does not show it any more: it was deleted, or made private.",
        ),
        Reach.DISABLED: (EventKind.REPOSITORY_CLOSED, "It was disabled at its source."),
        Reach.REFUSED: (EventKind.REPOSITORY_CLOSED, "The source refuses it now."),
        Reach.PRIVATE: (EventKind.REPOSITORY_PRIVATE, "It was made private at its source."),
        Reach.OPEN: (EventKind.REPOSITORY_BACK, "The source shows it again."),
    }[Reach(after.reach)]
    yield Event(kind, text, details=details)


def _name(before: Seen, after: Seen) -> Iterator[Event]:
    if before.repo_id and before.repo_id.lower() != after.repo_id.lower():
        text = f"It is called {after.repo_id} now; import it under that name to go on with it."
        details = {"before": before.repo_id, "after": after.repo_id}
        yield Event(EventKind.RENAMED, text, details=details)


def _terms(before: Seen, after: Seen) -> Iterator[Event]:
    if before.gated is not None and before.gated != after.gated:
        text = f"Gating changed from {_gate(before.gated)} to {_gate(after.gated)}."
        details = {"before": before.gated, "after": after.gated}
        yield Event(EventKind.GATING_CHANGED, text, after.commit, details)
    if before.license is not None and before.license != after.license:
        text = (
            f"Its card says license {after.license or 'none'} now; before it was"
            f" {before.license or 'none'}."
        )
        details = {"before": before.license, "after": after.license}
        yield Event(EventKind.LICENSE_CHANGED, text, after.commit, details)


def _gate(gated: str | None) -> str:
    return gated or "open"


def _commits(
    before: Seen, after: Seen, *, continues: bool | None, is_here: bool
) -> Iterator[Event]:
    if before.commit in ("", after.commit):
        return
    details = {"before": before.commit, "after": after.commit}
    if continues is False:
        text = (
            f"Its history was rewritten: {after.commit[:7]} does not descend from"
            f" {before.commit[:7]}, which was main before."
        )
        yield Event(EventKind.HISTORY_REWRITTEN, text, after.commit, details)
    if not is_here:
        text = f"A newer commit is there: {after.commit[:7]}."
        yield Event(EventKind.NEW_VERSION, text, after.commit, details)


@dataclass(frozen=True, slots=True)
class Import:
    """Whether the newest commit is brought in by itself, and whether a curator must admit it."""

    wanted: bool
    needs_curator: bool = True
    why_not: str = ""


def decide_import(
    rule: str, seen: Seen, *, name: str, is_here: bool, descends: bool | None, skipped: bool
) -> Import:
    """Follow the rule of the model; what is odd about the new commit waits for a curator.

    `descends`: from what is `main` in this yard. Anything but a clear yes is not admitted unseen,
    and neither is what the source shows to this yard alone.
    """
    if rule not in (UpdateRule.IMPORT, UpdateRule.IMPORT_AND_ADMIT) or is_here or not seen.commit:
        return Import(wanted=False)
    if seen.reach not in READABLE:
        return Import(wanted=False, why_not="the source does not show it")
    if seen.repo_id.lower() != name.lower():
        return Import(wanted=False, why_not="it was renamed at its source")
    if skipped:
        return Import(wanted=False, why_not="SKIP_MODEL_DOWNLOADS is set")
    plain = descends is True and seen.reach == Reach.OPEN
    admits = rule == UpdateRule.IMPORT_AND_ADMIT and plain
    return Import(wanted=True, needs_curator=not admits)
