"""The base of every error that is raised on purpose."""

from __future__ import annotations

from typing import ClassVar


class ModelyardError(Exception):
    """Base of every error raised on purpose.

    `code` is stable and documented in docs/errors.md (clients match on it); `status` is what the
    API answers; `retryable` tells the task runner whether another attempt can help. `details` are
    JSON values that the problem document carries beside the message, never a secret. `waits` says
    that the machine must change first (space, a store, the database): a run then waits, however
    long that takes, and none of its tries is used up.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong in the yard"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
