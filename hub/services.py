"""What the Hub's side writes down besides its answers."""

from __future__ import annotations

from typing import Final

import structlog

from hub.streams import sent
from registry.served import ServedId
from registry.services.serving import note_sent

log = structlog.get_logger("yard.hub")
_BATCH: Final = 1000


def note_what_was_sent() -> int:
    """Take the counts that the streams processes left and note them; give how many there were."""
    noted = 0
    try:
        while rows := sent.take(_BATCH):
            note_sent((ServedId.read(served), count) for served, count in rows)
            noted += len(rows)
    except ConnectionError as error:
        log.warning("sent_not_taken", error=str(error))
    return noted
