"""Settings of stored bytes and of the Hub protocol: a part of `config.settings.env.Environment`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from config.settings.kinds import Address, Bytes, Secret

_RESERVED: Final = "Reserved: nothing goes by it yet."


class BytesSettings(BaseSettings):
    """Where contents are kept, who sends them, and what callers of the Hub protocol are given."""

    MINIO_ENDPOINT: str = Field("", description="S3 endpoint; the file system is used when empty.")
    MINIO_ACCESS_KEY: Secret = Field(Secret(""), description="S3 access key.")
    MINIO_SECRET_KEY: Secret = Field(Secret(""), description="S3 secret key.")
    MINIO_BUCKET: str = Field("modelyard", description="S3 bucket that holds the contents.")
    STORE_DIR: Path | None = Field(
        None, description="Folder of the content store; STATE_DIR/store when empty."
    )
    MODEL_CACHE_SIZE: Bytes = Field(
        20_000_000_000,
        ge=0,
        description="Bytes of local disk for copies of what is in S3, such as `20GB`; 0 for none.",
    )
    GC_GRACE: int = Field(
        86400, ge=0, description="Seconds that a content without a file is kept before collection."
    )
    GC_INTERVAL: float = Field(
        86400.0, ge=0, description="Seconds between two collections; 0 collects only on request."
    )
    WITHDRAWN_KEPT_DAYS: int = Field(
        30,
        ge=0,
        description="Days until a withdrawn version gives up its files; 0 keeps them for good.",
    )
    VERIFY_RATE: Bytes = Field(
        100_000_000,
        ge=0,
        description="Bytes per second that a check of the store reads; 0 for all it can.",
    )
    DISK_WARN_PERCENT: int = Field(
        85, ge=1, le=100, description="How full a disk may be before health and pages warn."
    )
    DISK_PAUSE_PERCENT: int = Field(
        95, ge=1, le=100, description="How full a disk may be before imports wait."
    )
    IO_PRESSURE_LIMIT: int = Field(
        60, ge=1, le=99, description="Percent of time lost to disks from which downloads slow down."
    )
    BYTES_BY: Literal["front", "streams", "object-store", "app"] = Field(
        "app",
        description="Who sends stored bytes: the front from a folder, the streams process, the"
        " object store by a signed address, or (for development) the web workers. `make up` takes"
        " the front for a folder and streams for S3 where this is not set.",
    )
    BYTES_HOST: str = Field(
        "",
        description="Host name, with a port where it is another, under which the front is reached"
        " for addresses that need no key: another name than that of PUBLIC_URL. 127.0.0.1 when"
        " empty and PUBLIC_URL is localhost; otherwise there are none.",
    )
    BYTES_SIGNED_FOR: int = Field(
        21_600, gt=0, description="Seconds that an address which needs no key is good for."
    )
    MINIO_PUBLIC_ENDPOINT: Address = Field(
        "",
        description="S3 endpoint as clients reach it: of another host name than PUBLIC_URL. For"
        " BYTES_BY=object-store.",
    )
    STREAM_WORKERS: int = Field(1, ge=1, description="Processes that stream bytes.")

    HUB_RATE_API: int = Field(
        1000,
        ge=0,
        description="Lists and trees that one key may ask the Hub for in a window; 0: any.",
    )
    HUB_RATE_FILES: int = Field(
        20_000, ge=0, description="The same of files and of questions about one model; 0: any."
    )
    HUB_RATE_PAGES: int = Field(
        100, ge=0, description="The same of addresses that are not served; 0: any."
    )
    HUB_RATE_WINDOW: int = Field(300, ge=1, description="Seconds of such a window.")
    HUB_CLIENTS_DIR: Path | None = Field(
        None,
        description="Folder of environments, each with a Hub client that a check lets read and"
        " fetch (`make clients`); STATE_DIR/clients when empty.",
    )
    HUB_PULL_THROUGH: Literal["off", "record", "start"] = Field(
        "record",
        description="What happens with a name that Hub clients ask for and that is not here:"
        " nothing, it is kept as demand, or its import is started. A policy may say otherwise.",
    )
    USAGE_KEPT_DAYS: int = Field(
        400,
        ge=0,
        description="Days that rows and sums of what was served are kept, by whole months; 0 keeps"
        " them for good.",
    )
