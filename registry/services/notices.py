"""Tell people, once, that a version which they use or look after is no longer offered, or is again.

A notice is written in the transaction in which it happens: there is none without the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.jobs import enqueue
from core.plain_values import plain_text
from registry.callers import Caller
from registry.enums import NoticeKind, Role, Tier
from registry.models import Model, ModelVersion, Notice, NoticeDelivery, Receipt, User
from registry.selectors.notices import receipts_for

_BATCH = 2000
_CURATORS = (Role.CURATOR.value, Role.ADMIN.value)


def tell_loss(version: ModelVersion, *, reason: str) -> None:
    """Tell that an admitted version is not offered any more. Asked again, it does nothing."""
    notice, created = Notice.objects.get_or_create(
        version=version,
        kind=NoticeKind.HELD,
        ended_at=None,
        defaults={
            "text": f"{version} is no longer offered.",
            "reason": plain_text(reason),
            "at": timezone.now(),
        },
    )
    if created:
        _send(notice, _concerned(version))


def tell_back(version: ModelVersion) -> None:
    """Tell those who heard of its loss that the version is offered again."""
    lost = Notice.objects.filter(version=version, kind=NoticeKind.HELD, ended_at=None).first()
    if lost is None:
        return
    lost.ended_at = timezone.now()
    lost.save(update_fields=["ended_at"])
    notice = Notice.objects.create(
        version=version,
        kind=NoticeKind.BACK,
        text=f"{version} is offered again.",
        at=lost.ended_at,
    )
    heard = lost.receipts.order_by("user_id").values_list("user_id", flat=True)
    _send(notice, heard.iterator(_BATCH))


def _concerned(version: ModelVersion) -> Iterable[int]:
    """Who has files of it, who asked for its model, and curators who see the model."""
    model = Model.objects.get(pk=version.model_id)
    tiers = Tier.values[Tier.values.index(model.tier) :]
    has = Q(pk__in=version.downloads.values("user_id"))
    asked = Q(pk__in=model.requests.values("user_id"))
    curates = Q(tier__in=tiers) & (Q(groups__name__in=_CURATORS) | Q(is_superuser=True))
    people = User.objects.filter(has | asked | curates, is_active=True)
    ids: QuerySet[User, int] = people.order_by("pk").distinct().values_list("pk", flat=True)
    return ids.iterator(_BATCH)


def _send(notice: Notice, people: Iterable[int]) -> None:
    Receipt.objects.bulk_create(
        (Receipt(notice=notice, user_id=pk, at=notice.at) for pk in people),
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    if settings.NOTIFY_WEBHOOK_URL:
        NoticeDelivery.objects.create(notice=notice, next_at=notice.at)
        enqueue("registry.deliver_notices")


@transaction.atomic
def mark_read(*, caller: Caller, receipt: Receipt | None = None) -> int:
    """Note that a person read a notice, or all of theirs; say how many were new to them."""
    unread = receipts_for(caller).filter(read_at__isnull=True)
    if receipt is not None:
        unread = unread.filter(pk=receipt.pk)
    return unread.update(read_at=timezone.now())
