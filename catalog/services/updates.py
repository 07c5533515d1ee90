"""Look at the sources of models for news: a few a minute, each by one worker, told once.

The row decides: when it is due, who looks (a lease and a claim), and what was seen. A worker that
dies leaves a lease that runs out; one that comes late finds another claim and writes nothing.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from catalog import upstreams
from catalog.enums import EventKind, Reach, UpdateRule
from catalog.models import Intake, ModelEvent, SourcePause, Watch
from catalog.policy.watch import Event, Seen, decide_import, events_between, unreadable
from catalog.services.intake import begin
from catalog.sources.base import Glance, Lineage, ModelRef, WatchedSource
from core.errors import (
    ModelyardError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from core.plain_values import plain_text
from downloads.planning.selection import Selection
from registry import audit
from registry.enums import Admission
from registry.models import Model, ModelVersion
from registry.services.names import add_alias

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
PAUSE = timedelta(minutes=5)  # where a source limits us and does not say how long
FIRST_RETRY = timedelta(minutes=15)
MOST_COMMITS = 2_000  # of a history that are walked
_LOCK = 0x7761746368  # any constant of our own: claims queue behind it
_NO_NEWS = Lineage(frozenset(), is_whole=False)


def check_due() -> int:
    """Look at models that are due until the minute's share is used up; say how many."""
    count = 0
    while (watch := claim_due()) is not None:
        check(watch)
        count += 1
    return count


@transaction.atomic
def claim_due() -> Watch | None:
    """Take the model that waits longest; None when none is due or enough were tried lately.

    A tick takes its part of the minute's share, so that looks are spread over the minute.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    now = timezone.now()
    per_minute = settings.UPDATE_CHECKS_PER_MINUTE
    lately = Watch.objects.filter(last_tried_at__gt=now - MINUTE).count()
    in_tick = Watch.objects.filter(last_tried_at__gt=now - MINUTE / 6).count()
    if lately >= per_minute or in_tick >= max(1, per_minute // 6):
        return None
    watch = _due(now)
    if watch is not None:
        watch.claim, watch.lease_until, watch.last_tried_at = uuid.uuid4(), now + LEASE, now
        watch.save(update_fields=["claim", "lease_until", "last_tried_at"])
    return watch


def _due(now: datetime) -> Watch | None:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    paused = SourcePause.objects.filter(until__gt=now).values("source")
    due = Watch.objects.filter(free, next_check_at__lte=now).exclude(rule=UpdateRule.OFF)
    due = due.exclude(model__source__in=paused).select_related("model")
    return due.select_for_update(of=("self",), skip_locked=True).first()


def check(watch: Watch) -> None:
    """Ask the source of a claimed model and write down what it says."""
    structlog.contextvars.bind_contextvars(model=watch.model.slug)
    try:
        _check(watch)
    finally:
        structlog.contextvars.unbind_contextvars("model")


def _check(watch: Watch) -> None:
    try:
        with upstreams.watched_source(watch.model.source) as source:
            found = _look(source, watch)
    except UpstreamRateLimitError as error:
        _pause(watch, error)
    except ModelyardError as error:
        _fail(watch, error)
    else:
        _keep(watch, *found)


def _look(source: WatchedSource, watch: Watch) -> tuple[Seen, str, Lineage]:
    """Give what is there now, the mark of that answer, and the way back from its commit."""
    before = seen_of(watch)
    name = before.repo_id or watch.model.repo_id
    etag = watch.etag if watch.reach in (Reach.OPEN, Reach.PRIVATE) else ""
    try:
        glance = source.glance(name, etag=etag)
    except UpstreamNotFoundError:
        return unreadable(before, Reach.HIDDEN), "", _NO_NEWS
    except UpstreamForbiddenError as error:
        reason = error.details.get("reason")
        if reason == "token":  # our own token is wrong: that says nothing of the model
            raise
        closed = Reach.DISABLED if reason == "disabled" else Reach.REFUSED
        return unreadable(before, closed), "", _NO_NEWS
    seen = before if glance is None else _seen(glance, before)
    lineage = _lineage(source, watch, seen)
    seen = _with_lost(seen, watch, source, lineage)
    return seen, watch.etag if glance is None else glance.etag, lineage


def seen_of(watch: Watch) -> Seen:
    return Seen(
        commit=watch.last_commit,
        repo_id=watch.repo_id,
        reach=watch.reach,
        gated=watch.gated,
        license=watch.license,
        lost_commit=watch.lost_commit,
    )


def _seen(glance: Glance, before: Seen) -> Seen:
    return Seen(
        commit=glance.commit,
        repo_id=glance.repo_id,
        reach=Reach.PRIVATE.value if glance.private else Reach.OPEN.value,
        gated=glance.gated,
        license=glance.license,
        lost_commit=before.lost_commit,
    )


def _lineage(source: WatchedSource, watch: Watch, seen: Seen) -> Lineage:
    """Walk back only where something hangs on it: a new commit, or one to be brought in."""
    moved = seen.commit != watch.last_commit
    brings = watch.rule in (UpdateRule.IMPORT, UpdateRule.IMPORT_AND_ADMIT)
    if not moved and not (brings and not _is_here(watch.model, seen.commit)):
        return _NO_NEWS
    until = _oldest_known(watch)
    return source.lineage(seen.repo_id, seen.commit, until=until, most=MOST_COMMITS)


def _oldest_known(watch: Watch) -> str:
    """Walk as far as `main` of this yard: it is seldom newer than the commit seen last."""
    return watch.model.head_commit or watch.last_commit


def _with_lost(seen: Seen, watch: Watch, source: WatchedSource, lineage: Lineage) -> Seen:
    """Ask whether the source still has the commit that is `main` here, where that is not clear."""
    head = watch.model.head_commit
    if not head or head == seen.commit or lineage.holds(head):
        lost = ""
    else:
        lost = "" if source.knows(seen.repo_id, head) else head
    return Seen(seen.commit, seen.repo_id, seen.reach, seen.gated, seen.license, lost)


def _is_here(model: Model, commit: str) -> bool:
    return ModelVersion.objects.filter(model=model, commit=commit).exists()


@transaction.atomic
def _keep(watch: Watch, seen: Seen, etag: str, lineage: Lineage) -> None:
    """Write the look, its events and the import it starts together, if the claim is still ours."""
    held = _held(watch)
    if held is None:
        return
    before, now = seen_of(held), timezone.now()
    is_here = _is_here(held.model, seen.commit)
    continues = lineage.holds(before.commit)
    events = events_between(before, seen, continues=continues, is_here=is_here)
    _tell(held.model, events, now)
    if any(event.kind == EventKind.RENAMED for event in events):
        add_alias(held.model, held.model.source, seen.repo_id)
    started = _follow_rule(held, seen, lineage, is_here=is_here)
    held.etag, held.last_commit, held.repo_id = etag, seen.commit, seen.repo_id
    held.reach, held.gated, held.license = seen.reach, seen.gated, seen.license
    held.lost_commit, held.failures, held.last_error = seen.lost_commit, 0, ""
    held.last_result = started or ("changed" if events else "unchanged")
    held.last_checked_at = now
    _release(held, now + settings.MODEL_UPDATE_INTERVAL)


def _tell(model: Model, events: list[Event], now: datetime) -> None:
    ModelEvent.objects.bulk_create(
        ModelEvent(
            model=model,
            kind=event.kind,
            text=plain_text(event.text),
            commit=event.commit,
            details=dict(event.details),
            at=now,
        )
        for event in events
    )
    for event in events:
        log.info("model_event", kind=event.kind, text=event.text)


def _follow_rule(held: Watch, seen: Seen, lineage: Lineage, *, is_here: bool) -> str:
    """Start the import that the rule asks for; say what was done ('' for nothing)."""
    model = held.model
    admitted = model.head_commit if model.admission == Admission.ADMITTED else ""
    chosen = decide_import(
        held.rule,
        seen,
        name=model.repo_id,
        is_here=is_here,
        descends=lineage.holds(admitted) if admitted else None,
        skipped=settings.SKIP_MODEL_DOWNLOADS,
    )
    if not chosen.wanted:
        return "not_imported" if chosen.why_not else ""
    ref = ModelRef(model.source, model.repo_id, seen.commit)
    wanted = _selection_of_head(model)
    intake, created = begin(ref, needs_curator=chosen.needs_curator, selection=wanted)
    audit.record(
        actor="updates",
        action="intake.request",
        subject_type="run",
        subject=intake.run.key,
        outcome="started" if created else "joined",
        details={"rule": held.rule, "needs_curator": chosen.needs_curator},
    )
    return "importing"


def _selection_of_head(model: Model) -> Selection | None:
    """Bring the same kind of files as were chosen for what is `main` here; None for all."""
    asked = Intake.objects.filter(version=model.head_id).exclude(selection={})
    last = asked.order_by("-run__created_at").first()
    return Selection.from_json(last.selection) if last else None


def _held(watch: Watch) -> Watch | None:
    held = Watch.objects.select_for_update(of=("self",)).select_related("model")
    found = held.filter(pk=watch.pk, claim=watch.claim).first()
    if found is None:
        log.warning("claim_lost")
    return found


def _release(held: Watch, next_check_at: datetime) -> None:
    held.claim = held.lease_until = None
    held.next_check_at = next_check_at
    held.save()


@transaction.atomic
def _fail(watch: Watch, error: ModelyardError) -> None:
    """Try again later, each time after twice as long, at most after the usual interval."""
    held = _held(watch)
    if held is None:
        return
    wait = FIRST_RETRY * 2 ** min(held.failures, 10)
    held.failures += 1
    held.last_result, held.last_error = error.code, plain_text(error.message)[:2000]
    log.warning("check_failed", code=error.code, error=error.message)
    _release(held, timezone.now() + min(wait, settings.MODEL_UPDATE_INTERVAL))


@transaction.atomic
def _pause(watch: Watch, error: UpstreamRateLimitError) -> None:
    """Ask nothing of this source until the time it named; the model stays due."""
    asked = error.details.get("retry_after")
    wait = timedelta(seconds=asked) if isinstance(asked, int | float) else PAUSE
    until = timezone.now() + min(wait, settings.MODEL_UPDATE_INTERVAL)
    SourcePause.objects.update_or_create(
        source=watch.model.source,
        defaults={"until": until, "reason": plain_text(error.message)},
    )
    held = _held(watch)
    if held is not None:
        held.last_result, held.last_error = error.code, plain_text(error.message)[:2000]
        _release(held, until)
