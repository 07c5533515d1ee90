"""What the Hub's side writes down besides its answers."""

from __future__ import annotations

from typing import Final

import structlog
from django.conf import settings

from hub import front_log
from hub.streams import sent
from registry.served import ServedId
from registry.services.serving import note_sent

log = structlog.get_logger("yard.hub")
_BATCH: Final = 1000


def note_what_was_sent() -> int:
    """Note what the front and the streams processes counted; give how many counts there were."""
    return _by_the_front() + _by_streams()


def _by_the_front() -> int:
    try:
        return front_log.read_on(settings.SENT_LOG, note_sent)
    except OSError as error:
        log.warning("sent_not_read", error=str(error))
        return 0


def _by_streams() -> int:
    noted = 0
    try:
        while rows := sent.take(_BATCH):
            note_sent((ServedId.read(served), count) for served, count in rows)
            noted += len(rows)
    except ConnectionError as error:
        log.warning("sent_not_taken", error=str(error))
    return noted
