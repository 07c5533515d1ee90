"""Bring the files of a version into the content store: plan, fetch, verify, store, attach."""

from __future__ import annotations

from downloads.services.controls import discard_staged, end_transfers, revive
from downloads.services.fetching import fetch
from downloads.services.reuse import reuse_stored
from downloads.services.room import of_contents, promise
from downloads.services.space import watched
from downloads.services.storing import keep_arrived, verify_and_store
from downloads.services.transfer import Transfer

__all__ = [
    "Transfer",
    "discard_staged",
    "end_transfers",
    "fetch",
    "keep_arrived",
    "of_contents",
    "promise",
    "reuse_stored",
    "revive",
    "verify_and_store",
    "watched",
]
