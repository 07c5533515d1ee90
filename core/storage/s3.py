"""Contents in an S3 bucket: SeaweedFS, MinIO, AWS and the like."""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

import structlog

from core.errors import IntegrityError, InvalidInputError, NotFoundError, StorageError
from core.storage.base import (
    CHUNK,
    KEPT_ASIDE,
    ContentStore,
    Leftovers,
    StoredContent,
    check_hash,
    check_range,
    content_key,
    is_sha256,
)
from core.storage.faults import local_faults, s3_faults
from core.storage.s3_client import S3Access, make_client
from core.storage.s3_reader import open_seekable

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        CompletedPartTypeDef,
        CopySourceTypeDef,
        ObjectTypeDef,
    )

log = structlog.get_logger(__name__)
PART: Final = 16 << 20
MAX_PARTS: Final = 10_000
UPLOADS_AT_ONCE: Final = 4


class S3ContentStore(ContentStore):
    """Keep contents as objects; the store checks every part's sha256, we check the whole.

    An object becomes visible when its last request succeeds, so a killed upload leaves nothing
    but an unfinished multipart that `clear_leftovers` ends.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        *,
        region: str = "us-east-1",
        public_endpoint: str = "",
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        self._access = S3Access(endpoint, access_key, secret_key, region)
        self._public = S3Access(public_endpoint or endpoint, access_key, secret_key, region)
        self._clients: dict[tuple[int, str], S3Client] = {}

    def prepare(self) -> None:
        if not self._has_bucket():
            with self._faults(f"Bucket {self.bucket}"):
                self._client().create_bucket(Bucket=self.bucket)

    def check(self) -> None:
        if not self._has_bucket():
            raise StorageError(f"The object store at {self.endpoint} has no bucket {self.bucket}")

    def stat(self, sha256: str) -> int:
        key = content_key(sha256)
        try:
            with self._faults(f"Content {sha256}"):
                return self._client().head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        except NotFoundError:
            self.check()  # a HEAD answers 404 for a missing bucket as well
            raise

    def open(self, sha256: str) -> BinaryIO:
        size = self.stat(sha256)
        return open_seekable(lambda start: self.open_range(sha256, start), size)

    def open_range(
        self, sha256: str, start: int = 0, length: int | None = None, *, piece: int = CHUNK
    ) -> Iterator[bytes]:
        check_range(start, length)
        if length == 0:
            return iter(())
        last = "" if length is None else start + length - 1
        try:
            with self._faults(f"Content {sha256}"):
                answer = self._client().get_object(
                    Bucket=self.bucket, Key=content_key(sha256), Range=f"bytes={start}-{last}"
                )
        except InvalidInputError:  # the range starts after the last byte
            return iter(())
        return self._chunks(sha256, answer["Body"], answer["ContentLength"], piece)

    def delete(self, sha256: str) -> None:
        with self._faults(f"Content {sha256}"):
            self._client().delete_object(Bucket=self.bucket, Key=content_key(sha256))

    def url(self, sha256: str, *, expires: int, filename: str) -> str:
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        with self._faults(f"Content {sha256}"):
            return self._client(self._public).generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": content_key(sha256),
                    "ResponseContentDisposition": disposition,
                },
                ExpiresIn=expires,
            )

    def iter_contents(self) -> Iterator[StoredContent]:
        with self._faults(f"Bucket {self.bucket}"):
            for found in self._objects("sha256/"):
                name = found["Key"].rpartition("/")[2]
                if is_sha256(name) and found["Key"] == content_key(name):
                    yield StoredContent(name, found["Size"], found["LastModified"])

    def clear_leftovers(self, *, older_than: timedelta, dry_run: bool = False) -> Leftovers:
        cleared = Leftovers()
        with self._faults(f"Bucket {self.bucket}"):
            for key, upload in self._unfinished(datetime.now(UTC) - older_than):
                cleared += Leftovers(1, self._sent(key, upload))
                if not dry_run:
                    self._abort(key, upload)
            before = datetime.now(UTC) - max(older_than, KEPT_ASIDE)
            for found in self._objects("quarantine/"):
                if found["LastModified"] < before:
                    cleared += Leftovers(1, found["Size"])
                    if not dry_run:
                        self._client().delete_object(Bucket=self.bucket, Key=found["Key"])
        return cleared

    def set_aside(self, sha256: str) -> None:
        key, aside = content_key(sha256), f"quarantine/{sha256}.{uuid.uuid4().hex[:8]}"
        try:
            with self._faults(f"Content {sha256}"):
                source: CopySourceTypeDef = {"Bucket": self.bucket, "Key": key}
                self._client().copy(source, self.bucket, aside)
        except NotFoundError:
            return
        except StorageError as error:  # bytes that cannot be read cannot be kept either
            log.warning("rotten_object_not_kept", sha256=sha256, error=error.message)
        self.delete(sha256)

    def _unfinished(self, before: datetime) -> Iterator[tuple[str, str]]:
        pages = self._client().get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=self.bucket):
            for upload in page.get("Uploads", []):
                if upload["Initiated"] < before:
                    yield upload["Key"], upload["UploadId"]

    def _sent(self, key: str, upload: str) -> int:
        """The bytes of an unfinished upload."""
        pages = self._client().get_paginator("list_parts")
        found = pages.paginate(Bucket=self.bucket, Key=key, UploadId=upload)
        return sum(part["Size"] for page in found for part in page.get("Parts", []))

    def _objects(self, prefix: str) -> Iterator[ObjectTypeDef]:
        pages = self._client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            yield from page.get("Contents", [])

    def hashes(self, path: Path, size: int) -> bool:
        """Every part is hashed as it is sent; the small file is compared by the object store."""
        return True

    def _take(self, path: Path, sha256: str, size: int) -> None:
        with local_faults(f"Staging file {path.name}"), path.open("rb") as file:
            if size <= PART:
                self._put_object(file, sha256)
            else:
                self._put_parts(file, sha256, size)
        if self.stat(sha256) != size:
            self.delete(sha256)
            raise IntegrityError(f"Content {sha256} arrived with another size", expected=size)

    def _put_object(self, file: BinaryIO, sha256: str) -> None:
        data = file.read()
        check_hash(hashlib.sha256(data).hexdigest(), sha256)
        with self._faults(f"Content {sha256}"):
            self._client().put_object(
                Bucket=self.bucket,
                Key=content_key(sha256),
                Body=data,
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                ContentType="application/octet-stream",
                Metadata={"sha256": sha256},
            )

    def _put_parts(self, file: BinaryIO, sha256: str, size: int) -> None:
        key = content_key(sha256)
        with self._faults(f"Content {sha256}"):
            upload = self._client().create_multipart_upload(
                Bucket=self.bucket,
                Key=key,
                ChecksumAlgorithm="SHA256",
                ContentType="application/octet-stream",
                Metadata={"sha256": sha256},
            )["UploadId"]
            try:
                parts = self._send_parts(file, sha256, upload, size)
                self._client().complete_multipart_upload(
                    Bucket=self.bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
                )
            except BaseException:
                self._abort(key, upload)
                raise

    def _send_parts(
        self, file: BinaryIO, sha256: str, upload: str, size: int
    ) -> list[CompletedPartTypeDef]:
        """Send parts side by side and hash the whole on the way: read once, then compared."""
        whole = hashlib.sha256()
        length = max(PART, -(-size // MAX_PARTS))
        sent: list[CompletedPartTypeDef] = []
        waiting: deque[Future[CompletedPartTypeDef]] = deque()
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            for number, part in enumerate(iter(lambda: file.read(length), b""), start=1):
                whole.update(part)
                if len(waiting) == UPLOADS_AT_ONCE:
                    sent.append(waiting.popleft().result())
                waiting.append(pool.submit(self._send_part, sha256, upload, number, part))
            sent.extend(future.result() for future in waiting)
        check_hash(whole.hexdigest(), sha256)
        return sent

    def _send_part(
        self, sha256: str, upload: str, number: int, part: bytes
    ) -> CompletedPartTypeDef:
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        answer = self._client().upload_part(
            Bucket=self.bucket,
            Key=content_key(sha256),
            UploadId=upload,
            PartNumber=number,
            Body=part,
            ChecksumSHA256=checksum,
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    def _abort(self, key: str, upload: str) -> None:
        self._client().abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)

    def _chunks(self, sha256: str, body: StreamingBody, left: int, piece: int) -> Iterator[bytes]:
        with self._faults(f"Content {sha256}"), closing(body):
            while left > 0 and (chunk := body.read(piece)):
                left -= len(chunk)
                yield chunk
        if left:
            raise StorageError(f"Content {sha256} ended {left} bytes early")

    def _has_bucket(self) -> bool:
        try:
            with self._faults(f"Bucket {self.bucket}"):
                self._client().head_bucket(Bucket=self.bucket)
        except NotFoundError:
            return False
        return True

    def _faults(self, subject: str) -> AbstractContextManager[None]:
        return s3_faults(subject, bucket=self.bucket, endpoint=self.endpoint)

    def _client(self, access: S3Access | None = None) -> S3Client:
        """Return this process's client: connections must not be shared across a fork."""
        access = access or self._access
        place = (os.getpid(), access.endpoint)
        if place not in self._clients:
            self._clients[place] = make_client(access)
        return self._clients[place]
