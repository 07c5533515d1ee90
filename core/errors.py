"""Errors that cross an app border. Raise these; the edges (views, api, hub) translate them."""

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


class InvalidInputError(ModelyardError):
    code = "invalid_input"
    title = "The request cannot be used as it is"
    status = 400


class RevisionNotPinnedError(InvalidInputError):
    """A manual download must name a commit; `details["commit"]` says which one it would be."""

    code = "revision_not_pinned"
    title = "Revision must be explicitly pinned"


class UnknownPluginError(InvalidInputError):
    code = "unknown_plugin"
    title = "No such plugin"


class BundleRefusedError(ModelyardError):
    """A bundle is not what a trusted key signed; `details["reason"]` says in a word why."""

    code = "bundle_refused"
    title = "The bundle is refused"
    status = 400


class NotFoundError(ModelyardError):
    code = "not_found"
    title = "Not found"
    status = 404


class MethodNotAllowedError(ModelyardError):
    code = "method_not_allowed"
    title = "Method not allowed"
    status = 405


class NotAuthenticatedError(ModelyardError):
    """A key was sent and cannot be used. Where it was asked for, there is nothing weaker."""

    code = "not_authenticated"
    title = "Not signed in"
    status = 401


class NotPermittedError(ModelyardError):
    code = "not_permitted"
    title = "Not permitted"
    status = 403


class TierNotPermittedError(NotPermittedError):
    code = "tier_not_permitted"
    title = "Your tier may not have this"


class GateBlockedError(NotPermittedError):
    code = "gate_blocked"
    title = "Blocked by a gate"


class ConflictError(ModelyardError):
    code = "conflict"
    title = "Not possible in this state"
    status = 409


class VersionBusyError(ConflictError):
    """Another run works on the same version; this one goes on when that has ended."""

    code = "version_busy"
    title = "Another job works on this version"
    retryable = True
    waits: ClassVar[bool] = True


class UpstreamError(ModelyardError):
    """The other side is down, or answered something no client can use. Another try may help."""

    code = "upstream_unavailable"
    title = "The source did not answer"
    status = 502
    retryable = True


class UpstreamNotFoundError(ModelyardError):
    """The source says that the model, revision or file does not exist (or hides that it does)."""

    code = "upstream_not_found"
    title = "The source does not have this"
    status = 404


class UpstreamForbiddenError(ModelyardError):
    """The source knows the model and refuses it: gated, private, or a wrong or expired token."""

    code = "upstream_forbidden"
    title = "The source refuses access"
    status = 403


class UpstreamRateLimitError(UpstreamError):
    """`details["retry_after"]` holds the seconds the source asked to wait."""

    code = "upstream_rate_limited"
    title = "The source limits requests"
    status = 429


class SourceChangedError(ModelyardError):
    """A file of this machine changed while it was read, or since it was pinned."""

    code = "source_changed"
    title = "The file changed meanwhile"
    status = 409
    retryable = True


class PinnedGoneError(SourceChangedError):
    """What was pinned is not there any more: only another version can be had."""

    retryable = False


class UploadOffsetError(ConflictError):
    """A piece does not begin where the file ends; `details["offset"]` says where that is."""

    code = "upload_offset"
    title = "The piece begins elsewhere than the file ends"


class UploadBusyError(ModelyardError):
    code = "upload_busy"
    title = "Another request writes to this upload"
    status = 423
    retryable = True


class ChecksumMismatchError(ModelyardError):
    """A piece of an upload is not what its checksum says; the status is the one of tus."""

    code = "checksum_mismatch"
    title = "The piece has another checksum"
    status = 460


class ProtocolVersionError(ModelyardError):
    code = "tus_version"
    title = "Another version of the tus protocol"
    status = 412


class MediaTypeError(ModelyardError):
    code = "unsupported_media_type"
    title = "Unsupported media type"
    status = 415


class AddressBlockedError(ModelyardError):
    """An outgoing request would reach an address that the guard does not allow."""

    code = "address_blocked"
    title = "Address not allowed"
    status = 403


class TooLargeError(ModelyardError):
    code = "too_large"
    title = "Larger than allowed"
    status = 413


class IntegrityError(ModelyardError):
    """Bytes differ from the published hash or size; `details` hold expected and actual."""

    code = "integrity_mismatch"
    title = "Bytes differ from what was published"
    status = 502
    retryable = True


class BytesDifferError(IntegrityError):
    """Every attempt brought other bytes than were published: no further try can help."""

    retryable = False


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


class TransferCancelledError(ConflictError):
    """A person took single files out of a run: it cannot be whole without them."""

    code = "transfer_cancelled"
    title = "Files were cancelled"
