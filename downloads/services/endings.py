"""How the transfers of a run end: whole, held by a person, or with what failed."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.errors import ModelyardError, TransferCancelledError, TransfersPausedError
from core.wording import listed
from downloads.models import FileTransfer, RunTransfers, TransferState

log = structlog.get_logger(__name__)
NAMED = 3


def as_ours(error: BaseException, path: str) -> ModelyardError:
    """Give the error of a file that can be shown; a fault of our own is logged with its trace."""
    if isinstance(error, ModelyardError):
        return error
    log.error("transfer_crashed", path=path, exc_info=error)
    return ModelyardError(f"{type(error).__name__} while {path} was fetched")


def check_not_paused(own: RunTransfers) -> None:
    if own.paused:
        raise TransfersPausedError("Paused. It goes on when somebody resumes it.")


def raise_what_is_missing(rows: Sequence[FileTransfer], errors: dict[int, ModelyardError]) -> None:
    """Raise when a file is not there: what a person held first, then what failed."""
    held = _named(rows, TransferState.PAUSED)
    if held:
        raise TransfersPausedError(f"Paused: {held}. The rest is there.")
    cancelled = _named(rows, TransferState.CANCELLED)
    if cancelled:
        raise TransferCancelledError(
            f"Cancelled: {cancelled}. Without them the model is not whole: try again to fetch them."
        )
    failed = [row for row in rows if row.state == TransferState.FAILED]
    if failed:
        raise _summed_up(failed, errors, len(rows))


def _named(rows: Sequence[FileTransfer], state: TransferState) -> str:
    paths = [row.file.path for row in rows if row.state == state]
    if len(paths) > NAMED:
        return f"{listed(paths[:NAMED])} and {len(paths) - NAMED} more files"
    return listed(paths) if paths else ""


def _summed_up(
    failed: Sequence[FileTransfer], errors: dict[int, ModelyardError], count: int
) -> ModelyardError:
    """The error of one file says it for all: one that no further try can mend comes first."""
    first = min(failed, key=lambda row: (errors[row.pk].retryable, row.pk))
    error = errors[first.pk]
    error.details.setdefault("path", first.file.path)
    if len(failed) > 1:
        names = _named(failed, TransferState.FAILED)
        error.message = f"{len(failed)} of {count} files failed: {names}. {error.message}"
    return error
