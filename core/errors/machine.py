"""What this machine lacks for now: its store, its broker, its database."""

from __future__ import annotations

from core.errors.base import ModelyardError


class StorageError(ModelyardError):
    """The content store is away or full. Nothing half-written is visible."""

    code = "storage_unavailable"
    title = "The content store does not answer"
    status = 503
    retryable = True
    waits = True


class StorageFullError(StorageError):
    code = "storage_full"
    title = "No space left in the content store"
    status = 507
    retryable = False


class BrokerAwayError(ModelyardError):
    """Valkey restarted or was cut off: the token of a run is there and cannot be read or kept."""

    code = "broker_away"
    title = "The broker does not answer"
    status = 503
    retryable = True
    waits = True


class DatabaseAwayError(ModelyardError):
    """The database restarted or was cut off in the middle of a step; the step is done again."""

    code = "database_away"
    title = "The database does not answer"
    status = 503
    retryable = True
    waits = True
