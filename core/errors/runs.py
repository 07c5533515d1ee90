"""What ends or delays a run by itself or because a person wants it."""

from __future__ import annotations

from core.errors.base import ModelyardError
from core.errors.requests import ConflictError


class ScanFailedError(ModelyardError):
    code = "scan_failed"
    title = "A scan could not be completed"
    status = 500
    retryable = True


class CancelledError(ModelyardError):
    """A person asked the run to stop."""

    code = "cancelled"
    title = "Cancelled"
    status = 409


class LeaseLostError(ModelyardError):
    """Another worker holds the run now; this one must write nothing more."""

    code = "lease_lost"
    title = "Another worker continued"
    status = 409


class TransfersPausedError(ModelyardError):
    """A person paused it; it goes on when somebody resumes it."""

    code = "transfers_paused"
    title = "Paused"
    status = 409
    retryable = True
    waits = True


class QuietHoursError(ModelyardError):
    """The limits let nothing move now; it goes on by itself."""

    code = "quiet_hours"
    title = "Nothing moves at this hour"
    status = 409
    retryable = True
    waits = True


class RescanWaitsError(ModelyardError):
    """Imports are scanned first, or an engine is away; it goes on by itself."""

    code = "rescan_waits"
    title = "The re-scan waits"
    status = 503
    retryable = True
    waits = True


class TransferCancelledError(ConflictError):
    """A person took single files out of a run: it cannot be whole without them."""

    code = "transfer_cancelled"
    title = "Files were cancelled"
