"""Other versions that hold back a content which turned out clean: it is served again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from registry.enums import Admission
from registry.models import Model, ModelFile, ModelVersion
from registry.services.gates import decide
from scanning.scanners import Scanner, Verdict
from scanning.services.answers import answer_gate, told_now
from scanning.services.engines import Named
from scanning.services.looks import Look, looks_at, reports_on

_SETTLED = (Admission.ADMITTED, Admission.HELD)


def give_back(
    version: ModelVersion, looks: Sequence[Look], present: Sequence[Scanner], *, by: Named
) -> int:
    """Answer again for versions that hold back what these looks found clean; say how many.

    One of which an engine of today has not seen all is left to its own scan.
    """
    clean = _clean(looks)
    others = ModelVersion.objects.filter(
        files__in=ModelFile.objects.filter(sha256__in=clean).exclude(held_back=""),
        admission__in=_SETTLED,
    )
    return sum(_answer(other, present, by) for other in others.exclude(pk=version.pk).distinct())


def _clean(looks: Sequence[Look]) -> set[str]:
    """Contents in which no engine found what is not accepted."""
    told = told_now(looks)
    unclean = {
        look.sha256
        for look in looks
        if look.key not in told or told[look.key].verdict is not Verdict.CLEAN
    }
    return {look.sha256 for look in looks} - unclean


@transaction.atomic
def _answer(version: ModelVersion, present: Sequence[Scanner], by: Named) -> bool:
    Model.objects.select_for_update().get(pk=version.model_id)  # first, as everywhere
    looks = list(looks_at(version, present))
    if {look.key for look in looks} - reports_on(looks).keys():
        return False
    before = _state_of(version)
    answer_gate(version, looks, by=by)
    version.refresh_from_db(fields=["scan_verdict"])
    after = _state_of(version)
    if after == before:
        return False
    decide(version=version)
    return after[1] != before[1]


def _state_of(version: ModelVersion) -> tuple[str, set[str]]:
    held = version.files.exclude(held_back="").values_list("path", flat=True)
    return version.scan_verdict, set(held)
