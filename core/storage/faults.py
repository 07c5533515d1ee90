"""Translate what file systems and S3 raise into the errors of the yard."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core.errors import (
    IntegrityError,
    InvalidInputError,
    ModelyardError,
    NotFoundError,
    StorageError,
    StorageFullError,
)

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_S3_SAYS: Final[tuple[tuple[set[str], type[ModelyardError], str], ...]] = (
    ({"NoSuchKey", "404", "NotFound"}, NotFoundError, "{subject} is not there"),
    ({"InvalidRange", "416"}, InvalidInputError, "{subject} ends before this range"),
    (
        {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"},
        StorageError,
        "The object store at {endpoint} refuses the access key or its secret for bucket {bucket}",
    ),
    ({"NoSuchBucket"}, StorageError, "The object store at {endpoint} has no bucket {bucket}"),
    (
        {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"},
        StorageFullError,
        "{subject}: no space left in the object store",
    ),
    (
        {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"},
        IntegrityError,
        "{subject}: the bytes that arrived have another hash",
    ),
)


@contextmanager
def local_faults(subject: str) -> Iterator[None]:
    """Raise OSError as the error of the yard that says the same about `subject`."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"{subject} is not there") from error
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError(f"{subject}: no space left on the disk") from error
        raise StorageError(f"{subject}: {error.strerror or type(error).__name__}") from error


@contextmanager
def s3_faults(subject: str, *, bucket: str, endpoint: str) -> Iterator[None]:
    """Raise botocore's errors as the error of the yard that says the same about `subject`."""
    # Late: boto3 costs 0.7 s and 40 MB that a yard on a file system never pays.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        raise _s3_error(code, subject, bucket=bucket, endpoint=endpoint) from error
    except BotoCoreError as error:
        raise StorageError(
            f"{subject}: the object store at {endpoint} does not answer ({type(error).__name__})"
        ) from error


def _s3_error(code: str, subject: str, *, bucket: str, endpoint: str) -> ModelyardError:
    for codes, error, message in _S3_SAYS:
        if code in codes:
            return error(message.format(subject=subject, bucket=bucket, endpoint=endpoint))
    return StorageError(f"{subject}: the object store at {endpoint} answers {code or 'an error'}")
