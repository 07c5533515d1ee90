"""The one access selector: every view, API answer, admin list and Hub answer starts here."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from core.errors import NotFoundError
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, ScanVerdict, Scope
from registry.models import AccessRequest, Download, Model, ModelVersion
from registry.standing import Failure, Standing, reasons_in, tier_needed

_NO_ANSWER = "its report is on its page."
_BY_CURATOR = "A curator gave the model this tier."
_OF_MODEL = "The model has this tier."


def visible_models(caller: Caller) -> QuerySet[Model]:
    """Models of the caller's tier and below: what lists, counts and searches are made of."""
    return Model.objects.filter(_visible(caller))


def _visible(caller: Caller) -> Q:
    """What its source hides is for curators alone (and for who asked, see `knowable_models`)."""
    seen = Q(tier__in=caller.tiers)
    return seen if caller.may(Scope.CURATE) else seen & Q(is_private=False)


def knowable_models(caller: Caller) -> QuerySet[Model]:
    """Visible models, and those that the caller asked for by name or has files of.

    Of these they may know what became of them.
    """
    asked = Q(pk__in=AccessRequest.objects.filter(user_id=caller.person).values("model_id"))
    has = Q(pk__in=Download.objects.filter(user_id=caller.person).values("model_id"))
    if caller.user_id is None:
        return visible_models(caller)
    return Model.objects.filter(_visible(caller) | asked | has)


def askable_models(caller: Caller) -> QuerySet[Model]:
    """Knowable models, and those that a caller comes to know by asking: not what a source hides."""
    return Model.objects.filter(
        Q(is_private=False) | Q(pk__in=knowable_models(caller).values("pk"))
    )


def knowable_versions(caller: Caller) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.filter(model__in=knowable_models(caller))


def model_for(caller: Caller, slug: str) -> Model:
    """Give a model that the caller may know of; anything else does not exist for them."""
    model = knowable_models(caller).select_related("head").filter(slug=slug).first()
    if model is None:
        raise NotFoundError(f"There is no model {slug!r} here that you may see.", model=slug)
    return model


def standing_of(model: Model, version: ModelVersion) -> Standing:
    """Collect what decides whether this version's bytes may leave."""
    by_curator = model.tier_by_curator and model.head_id == version.pk
    tier = tier_needed(
        model_tier=model.tier, lowest_tier=version.lowest_tier, chosen_by_curator=by_curator
    )
    chosen = ""
    if version.lowest_tier and tier != version.lowest_tier:
        chosen = _BY_CURATOR if model.tier_by_curator else _OF_MODEL
    return Standing(
        name=str(version),
        tier=tier,
        admission=version.admission,
        scan_verdict=version.scan_verdict,
        failure=Failure.from_row(version.failure),
        reasons=blocking_reasons(version, chosen=chosen),
    )


def blocking_reasons(version: ModelVersion, *, chosen: str = "") -> tuple[str, ...]:
    """Say in sentences what stops the version, as its rows have it now: see `reasons_in`."""
    return reasons_in(
        version.decision,
        admission=version.admission,
        withdrawn=version.withdrawn_reason,
        unsafe=_found_by_scan(version),
        chosen=chosen,
    )


def _found_by_scan(version: ModelVersion) -> str:
    """What the gate malware says of an unsafe version; only then it is asked."""
    if version.scan_verdict != ScanVerdict.UNSAFE:
        return ""
    answer = version.gates.exclude(outcome=GateOutcome.PASSED).filter(gate=Gate.MALWARE).first()
    return answer.reason if answer else _NO_ANSWER
