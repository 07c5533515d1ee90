"""Pieces of uploads that do not fit."""

from __future__ import annotations

from core.errors.base import ModelyardError
from core.errors.requests import ConflictError


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
