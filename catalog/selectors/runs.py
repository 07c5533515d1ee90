"""Which runs a caller may follow."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from catalog.models import Asker, BundleExport, BundleImport, Intake
from core.models import ACTIVE, Run, RunStep, StepState
from registry.callers import Caller
from registry.enums import Scope
from registry.models import ModelVersion

BUNDLES = ("bundle-export", "bundle-import")


def runs_for(caller: Caller) -> QuerySet[Run]:
    """Runs the caller asked for; for staff also those of models of their tier, and of none yet."""
    asked = Q(pk__in=Asker.objects.filter(user_id=caller.person).values("intake_id"))
    if caller.user_id is None:
        return Run.objects.none()
    if not caller.is_staff:
        return Run.objects.filter(asked)
    seen = Q(intake__model__isnull=True) | Q(intake__model__tier__in=caller.tiers)
    read = Q(card_reading__version__model__tier__in=caller.tiers)
    if not caller.may(Scope.CURATE):  # what a source hides is not for operators to read of
        unnamed = Q(intake__model__isnull=True, intake__token_by="")
        seen = unnamed | Q(intake__model__tier__in=caller.tiers, intake__model__is_private=False)
        read &= Q(card_reading__version__model__is_private=False)
    of_nobody = Q(intake__isnull=True, card_reading__isnull=True)
    others = (asked | seen & Q(card_reading__isnull=True) | of_nobody) & ~Q(kind__in=BUNDLES)
    return Run.objects.filter(others | read | _bundles(caller))


def _bundles(caller: Caller) -> Q:
    """Runs of bundles name what is in them: for who started them, and for admins."""
    if caller.may(Scope.ADMIN):
        return Q(kind__in=BUNDLES)
    sent = BundleExport.objects.filter(asked_by_id=caller.person)
    taken = BundleImport.objects.filter(asked_by_id=caller.person)
    return Q(pk__in=sent.values("run_id")) | Q(pk__in=taken.values("run_id"))


def at_work_for(run: Run) -> Run:
    """Give a run as it is now; of one that joined another, the one that does its work."""
    run.refresh_from_db()
    return Run.objects.filter(pk=run.result.get("joined")).first() or run


def recorded_by(run: Run) -> ModelVersion | None:
    """The version of a run once it was inspected and its license looked for.

    Whatever became of the steps after that; a license that could not be read is not known.
    """
    inspected = Intake.objects.filter(
        run=at_work_for(run),
        run__steps__name="inspect",
        run__steps__state__in=(StepState.DONE, StepState.SKIPPED),
        version__extraction_status__gt="",
    )
    ended = (StepState.DONE, StepState.SKIPPED, StepState.FAILED)
    told = inspected.filter(run__steps__name="license", run__steps__state__in=ended)
    intake = told.select_related("version__model").first()
    return intake.version if intake else None


def working_on(version: ModelVersion, *, besides: Run) -> Intake | None:
    """The run that works on this version now, besides one; of several the first that was asked."""
    others = Intake.objects.filter(version=version, run__state__in=ACTIVE).exclude(run=besides)
    joined = RunStep.objects.filter(name="decide", state=StepState.SKIPPED)
    others = others.exclude(run__in=joined.values("run"))
    return others.order_by("run__created_at").first()
