"""What a request asks that cannot be, may not be, or cannot be now."""

from __future__ import annotations

from typing import ClassVar

from core.errors.base import ModelyardError


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


class MediaTypeError(ModelyardError):
    code = "unsupported_media_type"
    title = "Unsupported media type"
    status = 415


class TooLargeError(ModelyardError):
    code = "too_large"
    title = "Larger than allowed"
    status = 413
