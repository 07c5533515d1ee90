"""What a person was told, as far as they may know of the models."""

from __future__ import annotations

from django.db.models import QuerySet

from core.errors import InvalidInputError, NotFoundError
from core.pages import Order, Page, page_of, read_time
from registry.callers import Caller
from registry.models import Receipt
from registry.selectors.access import knowable_models

MOST = 100
_NEWEST = Order(column="at", descending=True, read=read_time)


def receipts_for(caller: Caller) -> QuerySet[Receipt]:
    """Notices for this person, without those of models that they may not know of any more."""
    mine = Receipt.objects.filter(user_id=caller.person)
    return mine.filter(notice__version__model__in=knowable_models(caller).values("pk"))


def unread_for(caller: Caller) -> QuerySet[Receipt]:
    return receipts_for(caller).filter(read_at__isnull=True)


def page_of_notices(caller: Caller, *, cursor: str, limit: int, unread: bool = False) -> Page:
    """Cut one page out of a person's notices, newest first."""
    if not 1 <= limit <= MOST:
        raise InvalidInputError(f"limit is between 1 and {MOST}.", field="limit")
    rows = unread_for(caller) if unread else receipts_for(caller)
    rows = rows.select_related("notice__version__model").order_by()
    return page_of(rows, order=_NEWEST, cursor=cursor, limit=limit)


def receipt_for(caller: Caller, pk: int) -> Receipt:
    found = receipts_for(caller).select_related("notice__version__model").filter(pk=pk).first()
    if found is None:
        raise NotFoundError("There is no notice with this number for you.")
    return found
