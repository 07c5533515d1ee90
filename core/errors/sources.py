"""What a source refuses, lacks or gets wrong, and addresses that nobody is sent to."""

from __future__ import annotations

from core.errors.base import ModelyardError


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


class UpstreamPendingError(ModelyardError):
    """The source is bringing the model in itself: `details["retry_after"]` says when to ask again.

    A run waits that long and asks again, for a day at most (`core.runs`).
    """

    code = "upstream_pending"
    title = "The source is still bringing this in"
    status = 503
    waits = True


class LlmUnavailableError(UpstreamError):
    """No language model answered; `details["retry_after"]` holds seconds if all ask to wait."""

    code = "llm_unavailable"
    title = "No language model answered"
    status = 503


class LlmRefusedError(ModelyardError):
    """No language model gave an answer that can be used, and asking again would not change it."""

    code = "llm_refused"
    title = "No language model gave a usable answer"
    status = 502


class SourceChangedError(ModelyardError):
    """A file of this machine changed while it was read, or since it was pinned."""

    code = "source_changed"
    title = "The file changed meanwhile"
    status = 409
    retryable = True


class PinnedGoneError(SourceChangedError):
    """What was pinned is not there any more: only another version can be had."""

    retryable = False


class NotConfiguredError(ModelyardError):
    """What was asked for takes a service that no setting names; the message says which setting."""

    code = "not_configured"
    title = "Not configured in this yard"
    status = 503


class AddressBlockedError(ModelyardError):
    """An outgoing request would reach an address that the guard does not allow."""

    code = "address_blocked"
    title = "Address not allowed"
    status = 403


class IntegrityError(ModelyardError):
    """Bytes differ from the published hash or size; `details` hold expected and actual."""

    code = "integrity_mismatch"
    title = "Bytes differ from what was published"
    status = 502
    retryable = True


class BytesDifferError(IntegrityError):
    """Every attempt brought other bytes than were published: no further try can help."""

    retryable = False
