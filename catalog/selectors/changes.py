"""Two versions as the values that are compared: three queries, whatever their size."""

from __future__ import annotations

from catalog.models import VersionText
from catalog.policy.changes import Changes, Side, Text, compare, without_lines
from catalog.policy.files import File
from registry.callers import Caller
from registry.enums import Scope
from registry.models import Model, ModelVersion
from registry.selectors.access import standing_of
from registry.standing import refusal

_COLUMNS = ("path", "size", "sha256", "git_oid")


def changes_for(caller: Caller, model: Model, before: ModelVersion, after: ModelVersion) -> Changes:
    """Compare two versions; lines of their texts are for who may have both, and for curators."""
    changes = changes_between(before, after)
    may_read = caller.may(Scope.CURATE) or not any(
        refusal(standing_of(model, version), tiers=caller.tiers) for version in (before, after)
    )
    return changes if may_read else without_lines(changes)


def changes_between(before: ModelVersion, after: ModelVersion) -> Changes:
    """Compare two versions of a model by what the yard knows of them."""
    texts = VersionText.objects.filter(version__in=[before.pk, after.pk])
    kept: dict[int, list[Text]] = {before.pk: [], after.pk: []}
    for row in texts.order_by("version", "kind", "path"):
        kept[row.version_id].append(Text(row.kind, row.path, row.body, row.is_cut))
    return compare(_side(before, kept[before.pk]), _side(after, kept[after.pk]))


def _side(version: ModelVersion, texts: list[Text]) -> Side:
    return Side(
        number=version.number,
        commit=version.commit,
        model_type=version.model_type,
        license_spdx=version.license_spdx,
        license_class=version.license_class,
        config=version.config if isinstance(version.config, dict) else {},
        files=[File(*row) for row in version.files.values_list(*_COLUMNS).iterator(2000)],
        texts=texts,
        keeps_texts="texts" in version.facts,
    )
