"""The commands carry a model from one database and store to another one that was empty."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from catalog.services import bundle_keys
from core.storage.configured import content_store
from tests.standins.repos import RENAMED_TO

ROOT = Path(__file__).resolve().parents[3]
OTHER = f"bundles_other_{os.getpid()}"


class OtherYard:
    """A yard of its own: another database on the same server, another state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = urlsplit(os.environ["DATABASE_URL"])
        self.url = urlunsplit(kept._replace(path=f"/{OTHER}"))
        self.admin = urlunsplit(kept._replace(path="/postgres"))

    def make(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{OTHER}"')
        done = self.run("-m", "config.prepare")
        assert done.returncode == 0, done.stderr

    def drop(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{OTHER}" WITH (FORCE)')

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        given = {
            "DATABASE_URL": self.url,
            "STATE_DIR": str(self.folder / "state"),
            "MODELS_DIR": str(self.folder / "models"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        return subprocess.run(
            [sys.executable, *words],
            env={**os.environ, **given},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def bundle(self, *words: object) -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", "bundle", *map(str, words))

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as database:
            return database.execute(query).fetchall()

    def stored(self, sha256: str) -> bytes:
        place = self.folder / "state/store/sha256" / sha256[:2] / sha256[2:4] / sha256
        return place.read_bytes()


@pytest.fixture
def other(tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    yard = OtherYard(folder)
    yard.make()
    yield yard
    yard.drop()


def test_a_model_arrives_byte_for_byte_in_an_empty_yard_that_decides_itself(yards, other):
    version = yards.yard.admit(RENAMED_TO)
    files = {file.path: file.sha256 for file in version.files.all()}
    yards.export(version.model.slug)
    key = yards.folder / "sender.pem"
    key.write_text(bundle_keys.public_key())
    assert other.bundle("trust", key, "--name", "the other side").returncode == 0

    altered = bytearray(yards.file.read_bytes())
    with tarfile.open(yards.file) as tar:
        content = next(one for one in tar if one.name.startswith("contents/") and one.size)
    altered[content.offset_data] ^= 1
    (other.folder / "altered.tar").write_bytes(altered)
    refused = other.bundle("import", other.folder / "altered.tar")
    assert (refused.returncode, "holds other bytes" in refused.stderr) == (1, True), refused.stderr
    for table in ("modelversion", "modelfile", "content"):
        assert other.rows(f"SELECT * FROM registry_{table}") == []  # noqa: S608 our own names
    assert not list((other.folder / "state/store/sha256").rglob("*/*/*"))

    done = other.bundle("import", yards.file)
    assert done.returncode == 0, done.stderr
    assert f"{RENAMED_TO}@{version.commit[:7]}: admitted for lite" in done.stdout
    assert dict(other.rows("SELECT path, content_id FROM registry_modelfile")) == files
    for sha256 in files.values():
        assert other.stored(sha256) == content_store().read_range(sha256, 0, 1 << 30)
    decided = "SELECT admission, scan_verdict FROM registry_modelversion"
    assert other.rows(decided) == [("admitted", "clean")]
    assert other.rows("SELECT count(*) > 0 FROM scanning_scan") == [(True,)]
