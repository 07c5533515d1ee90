"""Between what somebody selected and the files of a version: which are taken, which come later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import Q

from catalog.bundles.papers import HELD_THERE, LEFT_THERE
from catalog.inspection import AGAIN
from catalog.models import Intake
from catalog.sources.base import Listing
from core.errors import GateBlockedError
from downloads.planning.formats import format_of, suffix_of
from downloads.planning.selection import ALL, Limits, Selection, choose
from licenses.services import license_paths
from registry.authentication import caller_of_user
from registry.enums import Admission, Gate, Scope, Tier
from registry.models import TAKEN, WANTED, ModelVersion, User
from registry.policy import Decision, Facts
from registry.services import gates
from registry.services.taking import ask_for, put_back
from registry.services.versions import FileEntry

_ELSEWHERE = frozenset({HELD_THERE, LEFT_THERE})
TO_COME = frozenset({Gate.INTEGRITY, Gate.MALWARE, Gate.SOURCE})


def limits_now() -> Limits:
    """What the policies in force say of files."""
    return [rules.limits for rules in gates.active_rules()]


def choice(
    sizes: Mapping[str, int], card: Mapping[str, object], selection: Selection | None
) -> dict[str, str]:
    """Say of every file of a repository why it is left out; nothing said takes everything."""
    keep = frozenset(license_paths(sizes, card.get("license_link")))
    return choose(sizes, selection or ALL, limits=limits_now(), keep=keep)


def entries_of(listing: Listing, selection: Selection | None) -> list[FileEntry]:
    """The files of a listing as they are pinned, each with the reason when it is not taken."""
    left_out = choice(
        {file.path: file.size for file in listing.files}, listing.card_data, selection
    )
    return [
        FileEntry(
            file.path,
            file.size,
            file.git_oid or "",
            file.sha256 or "",
            file.is_lfs,
            left_out=left_out[file.path],
        )
        for file in listing.files
    ]


def wider(version: ModelVersion, selection: Selection | None) -> list[str]:
    """Give the files that the selection takes and the version has not, nor has on its way.

    What the yard that the version is from does not give cannot be sent for.
    """
    if selection is None or not version.files.exclude(WANTED).exists():
        return []
    rows = list(version.files.values_list("path", "size", "left_out", "is_coming"))
    card = version.facts.get("card") or {}
    left_out = choice({path: size for path, size, _, _ in rows}, card, selection)
    left = ((path, why) for path, _, why, coming in rows if why and not coming)
    return [path for path, why in left if why not in _ELSEWHERE and not left_out[path]]


def widen(version: ModelVersion, paths: Iterable[str], *, intake: Intake) -> None:
    """Send for more files of a version, unless that would take it from those who have it."""
    wanted = frozenset(paths)
    if not wanted:
        return
    check_worth(version, wanted, by_curator=_by_curator(intake))
    ask_for(version, wanted)


def check_worth(version: ModelVersion, more: frozenset[str], *, by_curator: bool) -> None:
    """Refuse more files where the policies would then give the version to fewer tiers."""
    if version.admission != Admission.ADMITTED:
        return
    decision = gates.preview(version, anew=TO_COME, facts=_facts_with(version, more))
    if not is_worse(decision, version) or (decision.lowest_tier and by_curator):
        return
    reasons = [reason for tier in decision.tiers for reason in tier.blockers]
    why = reasons[0].reason if reasons else "No policy would admit it."
    raise GateBlockedError(
        f"With these files fewer tiers could have {version}: {why} It stays as it is. Select less,"
        " or ask a curator.",
        admission=version.admission,
        reasons=[reason.reason for reason in reasons],
    )


def is_worse(decision: Decision, version: ModelVersion) -> bool:
    """Tell whether a decision admits for no tier, or only for those above the one that has it."""
    order = Tier.values
    if not decision.lowest_tier:
        return True
    return order.index(decision.lowest_tier) > order.index(version.lowest_tier)


def _facts_with(version: ModelVersion, more: frozenset[str]) -> Facts:
    rows = version.files.filter(held_back="").values_list("path", "size", "left_out")
    sizes = {path: size for path, size, why in rows if not why or path in more}
    known = version.config.get("formats") or ()
    return Facts(
        license_class=version.license_class,
        size_bytes=sum(sizes.values()),
        formats=frozenset(known) | {name for path in more if (name := format_of(path))},
        extensions=frozenset(suffix_of(path) for path in sizes),
        largest_file=max(sizes.values(), default=0),
    )


def _by_curator(intake: Intake) -> bool:
    users = User.objects.filter(pk__in=intake.askers.values("user_id"))
    return any(caller_of_user(user).may(Scope.CURATE) for user in users)


def leave_out_again(version: ModelVersion) -> int:
    """Put back what was on its way, and tell no longer the formats that it alone is named by.

    What was found by content is not told by names: it stays.
    """
    wanted = _named_formats(version, WANTED)
    count = put_back(version)
    if count:
        gone = wanted - _named_formats(version, TAKEN)
        known = version.config.get("formats") or ()
        version.config = version.config | {"formats": sorted({*known} - gone)}
        version.facts = version.facts | {AGAIN: True}
        version.save(update_fields=["config", "facts"])
    return count


def _named_formats(version: ModelVersion, which: Q) -> set[str]:
    paths = version.files.filter(which).values_list("path", flat=True)
    return {format_of(path) for path in paths}
