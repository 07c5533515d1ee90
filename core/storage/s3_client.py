"""One way to make a boto3 client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where a bucket lives and who asks; the secret stays out of every repr."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str


def make_client(access: S3Access) -> S3Client:
    """Make a client that gives up in bounded time and takes nothing from the environment."""
    # Late: boto3 costs 0.7 s and 40 MB that a yard on a file system never pays.
    from boto3.session import Session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    session = Session(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 3, "mode": "standard"},
        max_pool_connections=16,
        # The sha256 that we send is the checksum; CRC trailers on top break older gateways.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return session.client("s3", endpoint_url=access.endpoint, config=config)
    except ValueError as error:
        raise StorageError(f"Not an address of an object store: {access.endpoint!r}") from error
