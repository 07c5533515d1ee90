"""Send notices to the webhook: at least once each, signed, and never to an unchecked address."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from datetime import timedelta
from typing import Final

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.errors import AddressBlockedError, ModelyardError, UpstreamError
from core.http import HttpPolicy, build_client, fetch, hide_path, origin_of
from registry.models import Notice, NoticeDelivery

log = structlog.get_logger(__name__)
MOST_TRIES: Final = 20  # over about four days
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=6)
_ROUND: Final = 100  # of one task
_LARGEST_ANSWER: Final = 64 << 10
_ACCEPTED: Final = range(200, 300)


def deliver_due() -> int:
    """Send what is due, oldest first; say how many were tried."""
    count = 0
    while count < _ROUND and (delivery := claim_due()) is not None:
        _deliver(delivery)
        count += 1
    return count


@transaction.atomic
def claim_due() -> NoticeDelivery | None:
    """Take what waits longest. It is due again after the wait of a failed try, whoever dies."""
    if not settings.NOTIFY_WEBHOOK_URL:
        return None
    now = timezone.now()
    due = NoticeDelivery.objects.filter(
        delivered_at__isnull=True, gave_up_at__isnull=True, next_at__lte=now
    ).select_related("notice__version__model")
    found = due.select_for_update(of=("self",), skip_locked=True).first()
    if found is not None:
        wait = min(_FIRST_WAIT * 2 ** min(found.tries, 10), _LONGEST_WAIT)
        found.claim, found.next_at, found.tries = uuid.uuid4(), now + wait, found.tries + 1
        found.save(update_fields=["claim", "next_at", "tries"])
    return found


def _deliver(delivery: NoticeDelivery) -> None:
    error = _post(document(delivery.notice))
    held = NoticeDelivery.objects.filter(pk=delivery.pk, claim=delivery.claim)
    now = timezone.now()
    if not error:
        held.update(delivered_at=now, error="", claim=None)
        return
    log.warning("notice_not_delivered", notice=delivery.pk, error=error, tries=delivery.tries)
    given_up = now if delivery.tries >= MOST_TRIES else None
    held.update(error=error[:400], claim=None, gave_up_at=given_up)


def document(notice: Notice) -> dict[str, object]:
    """What other systems are sent; `id` is the same each time a notice is sent again."""
    version = notice.version
    return {
        "id": notice.pk,
        "kind": notice.kind,
        "text": notice.text,
        "reason": notice.reason,
        "at": notice.at,
        "model": version.model.slug,
        "repo_id": version.model.repo_id,
        "version": version.number,
        "revision": version.commit,
        "status": version.admission,
        "url": f"{settings.PUBLIC_URL}/models/{version.model.slug}/",
    }


def signature(body: bytes, *, secret: str, at: int) -> str:
    """Sign a body with the time, so that an old one cannot be sent again later."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def _post(told: dict[str, object]) -> str:
    """Send once; '' when it was taken, else why not, in words without the address."""
    url, body = settings.NOTIFY_WEBHOOK_URL, orjson.dumps(told)
    headers = {
        "Content-Type": "application/json",
        "X-Modelyard-Notice": str(told["id"]),
        "X-Modelyard-Signature": signature(
            body, secret=settings.NOTIFY_WEBHOOK_SECRET, at=int(time.time())
        ),
    }
    hide_path(url)
    try:
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(url)}), longest_connection=60.0)
        with build_client(policy) as client:
            answer = fetch(
                client,
                url,
                method="POST",
                content=body,
                headers=headers,
                limit=_LARGEST_ANSWER,
                follow_redirects=False,
                tries=1,
            )
    except AddressBlockedError:
        return "The webhook is at an address that is not allowed."
    except UpstreamError as error:
        status = error.details.get("upstream_status")
        cause = type(error.__cause__ or error).__name__
        return f"The webhook answers {status}." if status else f"No answer ({cause})."
    except ModelyardError as error:
        return f"The webhook cannot be used ({error.code})."
    return "" if answer.status in _ACCEPTED else f"The webhook answers {answer.status}."
